"""`docker-compose run --rm forget USER_ID` erases a person, and looks through the data sets of trainings too."""

from test_forget import (  # noqa: F401 - found here by pytest
    forgotten,
    neighbour,
    test_a_mart_built_afterwards_does_without_the_forgotten,
    test_a_user_whom_nobody_knows_is_refused_in_a_sentence,
    test_forgetting_again_finds_nothing_left,
    test_no_table_names_the_forgotten,
    test_others_are_as_they_were,
    test_the_api_knows_the_forgotten_no_more,
    test_the_receipt_says_what_was_erased_and_until_when_the_rest_stays,
)
