from cibot.text.patterns import fits, fits_any


def test_case_does_not_matter():
    assert fits("NetApp*", "netapp-ci")
    assert fits("openstack/*", "OpenStack/cinder")


def test_the_whole_name_must_fit():
    assert not fits("net", "netapp")
    assert fits("a[bc]", "ab")
    assert fits("*", "")


def test_one_of_several_is_enough():
    assert fits_any(["acme", "bold*"], "Bold FC")
    assert not fits_any([], "acme")


def test_a_name_with_the_signs_of_a_pattern_fits_itself() -> None:
    for name in ("[x]*", "Build [ARM]", "What?"):
        assert fits(name, name.upper())
    assert fits("[x]*", "xylo")
    assert not fits("Build [ARM]", "Build [x86]")
