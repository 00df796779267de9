from pipelines.opaque import Placeholders
from pipelines.resources import Resources, Roles


def test_what_was_hidden_is_revealed_wherever_it_went():
    placeholders = Placeholders()
    hidden = placeholders.hide(Resources.example())

    revealed = placeholders.reveal({"uri": [f"s3://{hidden.buckets.raw}/x", hidden.network.subnets[0]], "n": 1})

    assert revealed == {"uri": ["s3://flight-delay-raw-123456789012-us-east-1/x", "subnet-0123456789abcdef0"], "n": 1}


def test_no_name_is_left_in_what_the_sdk_sees():
    hidden = Placeholders().hide(Resources.example())

    assert "flight-delay-raw" not in str(hidden)
    assert "123456789012" not in str(hidden)


def test_a_token_in_the_place_of_a_role_comes_back_whole():
    placeholders = Placeholders()
    roles = placeholders.hide_roles(Roles("${Token[A.1]}", "${Token[A.2]}", "${Token[A.3]}", "${Token[A.4]}"))

    assert roles.processing.startswith("arn:aws:iam::")
    assert placeholders.reveal(roles.processing) == "${Token[A.2]}"


def test_a_text_that_merely_looks_like_a_placeholder_stays():
    assert Placeholders().reveal("opaque-0000") == "opaque-0000"
