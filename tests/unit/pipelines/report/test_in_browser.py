import pytest

from pipelines.report import write_report

WIDER_THAN_THE_WINDOW = """[...document.querySelectorAll('main *')].filter(element =>
    !element.closest('.scroll, .unseen') && element.getBoundingClientRect().right > innerWidth + 1
).map(element => element.outerHTML.slice(0, 80))"""
CLIPPED_TEXT = """[...document.querySelectorAll('.chart text')].filter(text => {
    const chart = text.closest('svg').getBoundingClientRect(), box = text.getBoundingClientRect();
    return box.left < chart.left - 12 || box.right > chart.right + 12 || box.top < chart.top - 4;
}).map(text => text.textContent)"""
OVERLAPPING_TEXT = """[...document.querySelectorAll('.chart')].flatMap(chart => {
    const boxes = [...chart.querySelectorAll('text')].map(text => [text.textContent, text.getBoundingClientRect()]);
    return boxes.flatMap(([a, p], i) => boxes.slice(i + 1).filter(([b, q]) =>
        p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 3 && q.top < p.bottom - 3
    ).map(([b]) => a + ' | ' + b));
})"""
INVISIBLE = """[...document.querySelectorAll('p, dd, td, th, h1, h2, .card-name')].filter(element =>
    getComputedStyle(element).color === getComputedStyle(document.body).backgroundColor).length"""


@pytest.mark.parametrize("variant", ["registered", "champion", "failed"])
def test_page_renders_without_complaint_overlap_or_overflow(variant, run_folder, browser):
    if not browser.CHROMIUM:
        pytest.skip("no Chromium on this machine: `apt-get install chromium` brings one")
    page_file = write_report(run_folder(variant))

    with browser.browser() as page:
        page.open(page_file.as_uri())
        for width, scheme, media in ((1100, "light", "screen"), (390, "dark", "screen"), (720, "light", "print")):
            page.show(width=width, scheme=scheme, media=media)
            where = f"{width} px, {scheme}, {media}"
            assert page.evaluate(WIDER_THAN_THE_WINDOW) == [], where
            assert page.evaluate(CLIPPED_TEXT) == [], where
            assert page.evaluate(OVERLAPPING_TEXT) == [], where
            assert page.evaluate(INVISIBLE) == 0, where

    assert page.complaints == []
    assert page.requests == [page_file.as_uri()]
