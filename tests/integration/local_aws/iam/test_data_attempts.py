"""Data that a role may not touch is AWS's own AccessDenied, through boto3, whichever way it tries."""

import urllib.error
import urllib.request

from tests.integration.local_aws.iam.platform_fixture import ACCOUNT, denial, document, statement


def test_the_training_role_cannot_read_raw_data(platform):
    s3 = platform.client("s3", "training")

    assert s3.get_object(Bucket=platform.bucket, Key="curated/in")["Body"].read()
    error = denial(s3.get_object, Bucket=platform.bucket, Key="raw/in")

    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{platform.name}-training/test"
    assert error["Code"] == "AccessDenied"
    assert error["Message"] == (
        f"User: {session} is not authorized to perform: s3:GetObject on resource: "
        f'"arn:aws:s3:::{platform.bucket}/raw/in" because no identity-based policy allows the s3:GetObject action'
    )


def test_it_cannot_list_outside_its_prefix(platform):
    s3 = platform.client("s3", "training")

    assert s3.list_objects_v2(Bucket=platform.bucket, Prefix="curated/in")["KeyCount"] == 1
    assert denial(s3.list_objects_v2, Bucket=platform.bucket, Prefix="raw/")["Code"] == "AccessDenied"
    assert denial(s3.list_objects_v2, Bucket=platform.bucket)["Code"] == "AccessDenied"


def test_it_cannot_write_curated_data_nor_delete_a_model(platform):
    s3 = platform.client("s3", "training")

    s3.put_object(Bucket=platform.bucket, Key="models/a", Body=b"")
    error = denial(s3.put_object, Bucket=platform.bucket, Key="curated/a", Body=b"")

    assert error["Code"] == "AccessDenied"
    assert denial(s3.delete_object, Bucket=platform.bucket, Key="models/a")["Code"] == "AccessDenied"


def test_copying_takes_the_right_to_read_the_source(platform):
    s3 = platform.client("s3", "training")
    source = {"Bucket": platform.bucket, "Key": "raw/in"}

    error = denial(s3.copy_object, Bucket=platform.bucket, Key="models/raw", CopySource=source)

    assert f'"arn:aws:s3:::{platform.bucket}/raw/in"' in error["Message"]


def test_nobody_but_the_administrator_may_name_another_key(platform):
    """Not even a role that may do everything: the bucket's policy denies it."""
    request = {"Bucket": platform.bucket, "Key": "models/b", "Body": b"", "ServerSideEncryption": "aws:kms"}

    error = denial(platform.client("s3", "operator").put_object, **request, SSEKMSKeyId=platform.other_key)

    assert error["Message"].endswith("with an explicit deny in a resource-based policy")


def test_a_key_is_usable_through_s3_only(platform):
    kms = platform.client("kms", "training")
    secret = platform.admin("kms").encrypt(KeyId=platform.key, Plaintext=b"data")["CiphertextBlob"]

    for error in (
        denial(kms.decrypt, CiphertextBlob=secret),
        denial(kms.generate_data_key, KeyId=platform.key, KeySpec="AES_256"),
        denial(kms.encrypt, KeyId=platform.other_key, Plaintext=b"data"),
    ):
        assert error["Code"] == "AccessDeniedException"


def test_an_object_is_as_closed_as_its_key(platform):
    platform.admin("s3").put_object(
        Bucket=platform.bucket,
        Key="curated/secret",
        Body=b"",
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=platform.other_key,
    )

    error = denial(platform.client("s3", "training").get_object, Bucket=platform.bucket, Key="curated/secret")

    assert "kms:Decrypt on the resource associated with this ciphertext" in error["Message"]


def presigned(platform, operation, key, **options):
    """Return the status of a request that the training role has signed, and somebody else sends."""
    parameters = {"Bucket": platform.bucket, "Key": key}
    url = platform.client("s3", "training").generate_presigned_url(operation, Params=parameters)
    try:
        with urllib.request.urlopen(urllib.request.Request(url, **options)) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as err:
        return err.code, err.read()


def test_a_presigned_url_opens_no_more_than_its_signer_may(platform):
    assert presigned(platform, "get_object", "curated/in")[0] == 200

    status, body = presigned(platform, "get_object", "raw/in")
    assert status == 403
    assert b"<Code>AccessDenied</Code>" in body
    assert presigned(platform, "put_object", "curated/x", data=b"x", method="PUT")[0] == 403


def test_older_versions_and_attributes_are_as_closed_as_the_object(platform):
    s3, where = platform.client("s3", "training"), {"Bucket": platform.bucket, "Key": "raw/in"}

    for error in (
        denial(s3.get_object, **where, VersionId="null"),
        denial(s3.get_object_attributes, **where, ObjectAttributes=["ETag"]),
        denial(s3.get_object_tagging, **where),
        denial(s3.get_object_acl, **where),
        denial(s3.list_object_versions, Bucket=platform.bucket),
        denial(s3.list_multipart_uploads, Bucket=platform.bucket),
    ):
        assert error["Code"] == "AccessDenied"
    assert denial(s3.head_object, **where)["Code"] == "403"


def test_an_upload_in_parts_is_denied_from_its_beginning_to_its_end(platform):
    s3, where = platform.client("s3", "training"), {"Bucket": platform.bucket, "Key": "curated/big"}
    upload = {**where, "UploadId": platform.admin("s3").create_multipart_upload(**where)["UploadId"]}

    for error in (
        denial(s3.create_multipart_upload, **where),
        denial(s3.upload_part, **upload, PartNumber=1, Body=b"x"),
        denial(s3.upload_part_copy, **upload, PartNumber=1, CopySource=f"{platform.bucket}/curated/in"),
        denial(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": [{"ETag": "x", "PartNumber": 1}]}),
        denial(s3.abort_multipart_upload, **upload),
    ):
        assert error["Code"] == "AccessDenied"


def test_a_part_copied_from_raw_data_takes_the_right_to_read_it(platform):
    s3, where = platform.client("s3", "training"), {"Bucket": platform.bucket, "Key": "models/part"}
    upload = {**where, "UploadId": s3.create_multipart_upload(**where)["UploadId"]}

    error = denial(s3.upload_part_copy, **upload, PartNumber=1, CopySource=f"{platform.bucket}/raw/in")

    assert error["Code"] == "AccessDenied"
    assert "/raw/in" in error["Message"]


def test_many_objects_are_deleted_by_nobody_who_may_delete_none(platform):
    objects = {"Objects": [{"Key": "models/a"}, {"Key": "raw/in"}]}

    error = denial(platform.client("s3", "training").delete_objects, Bucket=platform.bucket, Delete=objects)

    assert error["Code"] == "AccessDenied"
    assert platform.admin("s3").head_object(Bucket=platform.bucket, Key="raw/in")


def test_nobody_widens_what_protects_the_data(platform):
    s3, kms = platform.client("s3", "training"), platform.client("kms", "training")
    everybody = document(statement("All", "s3:*", f"arn:aws:s3:::{platform.bucket}/*", Principal="*"))

    for error in (
        denial(s3.put_bucket_policy, Bucket=platform.bucket, Policy=everybody),
        denial(s3.delete_bucket_policy, Bucket=platform.bucket),
        denial(s3.put_bucket_acl, Bucket=platform.bucket, ACL="public-read"),
        denial(s3.put_object_acl, Bucket=platform.bucket, Key="models/a", ACL="public-read"),
        denial(s3.put_public_access_block, Bucket=platform.bucket, PublicAccessBlockConfiguration={}),
        denial(kms.put_key_policy, KeyId=platform.key, PolicyName="default", Policy=everybody),
        denial(kms.re_encrypt, CiphertextBlob=platform.key[-36:].encode() + b"x" * 60, DestinationKeyId=platform.key),
        denial(
            kms.create_grant, KeyId=platform.key, GranteePrincipal=platform.role("operator"), Operations=["Decrypt"]
        ),
    ):
        assert error["Code"] in {"AccessDenied", "AccessDeniedException"}
