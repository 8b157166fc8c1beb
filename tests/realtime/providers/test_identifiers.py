"""Who a person is to a speech provider: always the same, and nobody in particular."""

from realtime.providers.identifiers import safety_identifier


def test_the_same_person_is_always_the_same_stranger() -> None:
    assert safety_identifier(7, salt="pepper") == safety_identifier(7, salt="pepper")


def test_two_people_are_two_strangers() -> None:
    assert len({safety_identifier(number, salt="pepper") for number in range(100)}) == 100


def test_without_the_salt_nobody_can_try_ids_against_it() -> None:
    assert safety_identifier(7, salt="pepper") != safety_identifier(7, salt="cumin")


def test_it_fits_where_providers_take_it() -> None:
    name = safety_identifier("123e4567-e89b-12d3-a456-426614174000", salt="pepper")
    assert len(name) == 64
    assert name.isalnum()
