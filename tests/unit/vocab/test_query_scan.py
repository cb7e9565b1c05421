"""What a query may do is told from its tokens: SERVICE and updates wherever the engine would read them, only there."""

import pytest

from vocab.query.scan import MAX_QUERY, Form, QueryRefusedError, Why, check_query


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("SELECT * { ?s ?p ?o }", Form.SELECT),
        ("# a comment\nPREFIX ex: <http://ex.org/> BASE <http://b.org/> ask { ex:a ex:b 'c' }", Form.ASK),
        ("prefix : <http://ex.org/>\nconstruct where { ?s ?p ?o }", Form.CONSTRUCT),
        ("DESCRIBE <http://ex.org/a>", Form.DESCRIBE),
        # the word where it is no keyword
        ("SELECT * { ?s ?p 'SERVICE <http://x/> { }' }", Form.SELECT),
        ('SELECT * { ?s ?p """a "quoted" SERVICE\n{""" }', Form.SELECT),
        ("SELECT * { ?s ?p ?o } # SERVICE <http://x/> {}", Form.SELECT),
        ("SELECT ?service { ?service ?p ?o }", Form.SELECT),
        ("SELECT * { ?s <http://www.w3.org/ns/sparql-service-description#endpoint> ?o }", Form.SELECT),
        ("PREFIX service: <http://x/> SELECT * { service:a ?p service:b . }", Form.SELECT),
        ("SELECT * { ?s ?p 'DELETE WHERE', 'it\\'s INSERT' }", Form.SELECT),
        # comparisons that are no IRIs, IRIs within brackets
        ("SELECT * { ?s ?p ?o FILTER(?o<5 && ?o>3) }", Form.SELECT),
        ("SELECT * { VALUES (?a ?b) { (<http://x/#a> <http://x/#b>) (<urn:a> <urn:b>) } }", Form.SELECT),
        ("SELECT (1 AS ?x) {}", Form.SELECT),
    ],
)
def test_queries_that_only_read_are_let_through(text, form):
    assert check_query(text) is form


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { SERVICE <http://x/> { ?s ?p ?o } }",
        "SELECT * { service silent ?x { ?s ?p ?o } }",
        "SELECT * { ?s ?p 'a' SERVICE<http://x/>{} }",
        "SELECT * { ?s ?p 'SERVICE' . SERVICE ?x {} }",
        "SELECT * { ?s ?p 1SERVICE <http://x/> {} }",
        "SELECT * { ?s ?p trueSERVICE <http://x/> {} }",
        "PREFIX : <http://x/> SELECT * { SERVICE:a {} }",
        "PREFIX : <http://x/> SELECT * { ?s ?p trueSERVICE:a {} }",
        "SELECT * { # a comment ' \n SERVICE <http://x/> {} }",
        "SELECT * { ?s ?p '\\'' SERVICE <http://x/> {} #'\n }",
        "SELECT * { { SELECT * { OPTIONAL { SERVICE <http://x/> {} } } } }",
    ],
)
def test_service_is_found_wherever_the_engine_reads_it(text):
    with pytest.raises(QueryRefusedError, match="SERVICE") as caught:
        check_query(text)
    assert caught.value.why is Why.SERVICE


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { ?a ?p ?b FILTER(?a<?b)SERVICE#>\n?x {} }",
        "SELECT * { ?a ?p ?b FILTER(?a<'&&?b>' ) SERVICE <http://x/> {} #'\n }",
        "SELECT * { ?a ?p ?b FILTER(?a<?b#>'''\n) SERVICE <http://x/> {} #'''\n}",
    ],
)
def test_comparisons_that_look_like_iris_hide_nothing(text):
    with pytest.raises(QueryRefusedError) as caught:
        check_query(text)
    assert caught.value.why in {Why.SERVICE, Why.SYNTAX}


@pytest.mark.parametrize(
    "text",
    [
        "INSERT DATA { <http://a/> <http://b/> 1 }",
        "PREFIX ex: <http://ex.org/> DELETE WHERE { ?s ?p ?o }",
        "LOAD <http://x/>", "clear all", "DROP GRAPH <http://x/>", "WITH <http://x/> DELETE { ?s ?p ?o } WHERE {}",
    ],
)  # fmt: skip
def test_updates_are_named(text):
    with pytest.raises(QueryRefusedError, match="is an update") as caught:
        check_query(text)
    assert caught.value.why is Why.UPDATE


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", Why.SYNTAX),
        ("# nothing\n", Why.SYNTAX),
        ("PREFIX ex: <http://x/>", Why.SYNTAX),
        ("FOO BAR", Why.SYNTAX),
        ("SELECT * " + "{" * 200, Why.SYNTAX),
        ("SELECT * { }" + " " * MAX_QUERY, Why.SIZE),
    ],
)
def test_what_is_no_query_is_refused(text, why):
    with pytest.raises(QueryRefusedError) as caught:
        check_query(text)
    assert caught.value.why is why
