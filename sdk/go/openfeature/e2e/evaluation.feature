# Scenarios for the steps of the OpenFeature SDK's evaluation tests (its e2e folder), with the
# values that server_test.go puts into the catalog.
Feature: Features of Headroom are flags of OpenFeature

  Background:
    Given a stable provider

  Scenario: a feature that is in the plan is on
    When a boolean flag with key "boolean-flag" is evaluated with default value "false"
    Then the resolved boolean value should be "true"

  Scenario: one more of what there is so much of
    When a boolean flag with key "talks" is evaluated with default value "false"
    Then the resolved boolean value should be "true"

  Scenario: a value that is a word
    When a string flag with key "string-flag" is evaluated with default value "bye"
    Then the resolved string value should be "hi"

  Scenario: a value that is a whole number
    When an integer flag with key "integer-flag" is evaluated with default value 3
    Then the resolved integer value should be 10

  Scenario: what is left of a feature
    When an integer flag with key "talks.remaining" is evaluated with default value 3
    Then the resolved integer value should be 40

  Scenario: a value that is a part
    When a float flag with key "float-flag" is evaluated with default value 0.1
    Then the resolved float value should be 0.5

  Scenario: all there is to say of a feature
    When an object flag with key "talks" is evaluated with a null default value
    Then the resolved object value should be contain fields "allowed", "reason", and "remaining", with values "true", "within_limit" and 40, respectively

  Scenario: a value that means an object to the product
    When an object flag with key "object-flag" is evaluated with a null default value
    Then the resolved object value should be contain fields "showImages", "title", and "imagesPerPage", with values "true", "Check out these pics!" and 100, respectively

  Scenario: details of what is on
    When a boolean flag with key "boolean-flag" is evaluated with details and default value "false"
    Then the resolved boolean details value should be "true", the variant should be "on", and the reason should be "STATIC"

  Scenario: details of a word
    When a string flag with key "string-flag" is evaluated with details and default value "bye"
    Then the resolved string details value should be "hi", the variant should be "greeting", and the reason should be "STATIC"

  Scenario: details of a whole number
    When an integer flag with key "integer-flag" is evaluated with details and default value 3
    Then the resolved integer details value should be 10, the variant should be "ten", and the reason should be "STATIC"

  Scenario: details of a part
    When a float flag with key "float-flag" is evaluated with details and default value 0.1
    Then the resolved float details value should be 0.5, the variant should be "half", and the reason should be "STATIC"

  Scenario: details of an object
    When an object flag with key "object-flag" is evaluated with details and a null default value
    Then the resolved object details value should be contain fields "showImages", "title", and "imagesPerPage", with values "true", "Check out these pics!" and 100, respectively
    And the variant should be "template", and the reason should be "STATIC"

  Scenario: another account has another value
    When context contains keys "fn", "ln", "age", "customer" with values "Ada", "Byron", 36, "false"
    And a flag with key "context-aware" is evaluated with default value "none"
    Then the resolved string response should be "INTERNAL"
    And the resolved flag value is "EXTERNAL" when the context is empty

  Scenario: a feature that is not in the catalog
    When a non-existent string flag with key "no-such-feature" is evaluated with details and a fallback value "nothing"
    Then the default string value should be returned
    And the reason should indicate an error and the error code should indicate a missing flag with "FLAG_NOT_FOUND"

  Scenario: a word is no number
    When a string flag with key "wrong-flag" is evaluated as an integer, with details and a fallback value 13
    Then the default integer value should be returned
    And the reason should indicate an error and the error code should indicate a type mismatch with "TYPE_MISMATCH"
