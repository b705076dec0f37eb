//! Every exchange that tests had with the GitHub on loopback, held against GitHub's own description of its API.
//!
//! `scripts/github-contract` fetches the description and records the exchanges; without both there is nothing to
//! compare, so these tests are run by it alone.

#![allow(clippy::print_stdout, reason = "what was compared is shown")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

const WHY: &str = "scripts/github-contract says where it is";

/// The description, with its schemas in the words of JSON Schema.
struct Description {
    paths: Map<String, Value>,
    components: Value,
}

impl Description {
    fn read() -> Self {
        let path = std::env::var("BATCH_TEST_DESCRIPTION").expect(WHY);
        let text = fs::read_to_string(path).expect("the description");
        let mut whole: Value = serde_json::from_str(&text).expect("JSON");
        let Value::Object(paths) = whole["paths"].take() else {
            panic!("no paths")
        };
        Self {
            paths,
            components: whole["components"].take(),
        }
    }

    /// What is referred to, or the thing itself.
    fn resolved<'a>(&'a self, thing: &'a Value) -> &'a Value {
        match thing["$ref"].as_str() {
            Some(to) => {
                let place = to.strip_prefix("#/components").expect("a component");
                self.components
                    .pointer(place)
                    .expect("a component that is there")
            }
            None => thing,
        }
    }

    /// The operation at this address, with its path as the description has it. Words go before placeholders.
    fn operation(&self, method: &str, path: &str) -> Option<(&str, &Value)> {
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |template: &str| {
            let wanted: Vec<&str> = template.split('/').collect();
            let same = |(wanted, part): (&&str, &&str)| wanted.starts_with('{') || wanted == part;
            // `{base}...{head}` and its like are one part.
            wanted.len() == parts.len() && wanted.iter().zip(&parts).all(same)
        };
        let placeholders = |template: &str| template.matches('{').count();
        let (template, operations) = self
            .paths
            .iter()
            .filter(|(template, _)| fits(template))
            .min_by_key(|(template, _)| placeholders(template))?;
        let operation = operations.get(method.to_lowercase())?;
        Some((template, operation))
    }

    /// A validator of the schema, with all components that it leads to.
    fn validator(&self, schema: &Value) -> Validator {
        let mut reached = BTreeSet::new();
        let mut root = plain(schema, &mut reached);
        let mut known = BTreeSet::new();
        let mut schemas = Map::new();
        while let Some(name) = reached.difference(&known).next().cloned() {
            known.insert(name.clone());
            let component = &self.components["schemas"][&name];
            schemas.insert(name, plain(component, &mut reached));
        }
        root = json!({ "allOf": [root], "components": { "schemas": schemas } });
        jsonschema::options()
            .with_draft(Draft::Draft4)
            .should_validate_formats(true)
            .should_ignore_unknown_formats(true)
            .build(&root)
            .expect("a schema")
    }

    /// The names of an object's fields, in all forms that it may take.
    fn fields(&self, schema: &Value) -> BTreeSet<String> {
        let schema = self.resolved(schema);
        let own = schema["properties"].as_object().into_iter().flatten();
        let mut names: BTreeSet<String> = own.map(|(name, _)| name.clone()).collect();
        for form in ["oneOf", "anyOf", "allOf"] {
            for schema in schema[form].as_array().into_iter().flatten() {
                names.extend(self.fields(schema));
            }
        }
        names
    }
}

/// The schema without what only `OpenAPI` knows: `nullable`, and examples, which may look like schemas.
fn plain(schema: &Value, reached: &mut BTreeSet<String>) -> Value {
    match schema {
        Value::Object(fields) => {
            if let Some(to) = fields.get("$ref").and_then(Value::as_str) {
                let name = to.strip_prefix("#/components/schemas/").expect("a schema");
                reached.insert(name.to_owned());
            }
            let mut kept: Map<String, Value> = fields
                .iter()
                .filter(|(name, _)| !matches!(&***name, "nullable" | "example" | "examples"))
                .map(|(name, value)| (name.clone(), plain(value, reached)))
                .collect();
            // A property may have one of these names.
            for name in ["nullable", "example", "examples"] {
                if let Some(value @ Value::Object(_)) = fields.get(name)
                    && (value.get("type").is_some() || value.get("$ref").is_some())
                {
                    kept.insert(name.to_owned(), plain(value, reached));
                }
            }
            if fields.get("nullable") == Some(&json!(true)) {
                return json!({ "anyOf": [kept, { "type": "null" }] });
            }
            Value::Object(kept)
        }
        Value::Array(items) => items.iter().map(|item| plain(item, reached)).collect(),
        other => other.clone(),
    }
}

/// Compares exchanges one after another; validators are kept, since most are needed often.
struct Judge {
    description: Description,
    validators: BTreeMap<String, Validator>,
}

impl Judge {
    fn new() -> Self {
        Self {
            description: Description::read(),
            validators: BTreeMap::new(),
        }
    }

    /// What in the exchange is not as described, a sentence each.
    fn violations(&mut self, exchange: &Value) -> Vec<String> {
        let text = |field: &str| exchange[field].as_str().expect("a text").to_owned();
        let (method, path) = (text("method"), text("path"));
        let Some((template, operation)) = self.description.operation(&method, &path) else {
            return vec![format!("{method} {path} is described nowhere")];
        };
        let (name, operation) = (format!("{method} {template}"), operation.clone());
        let mut found = self.queries(&name, &operation, &exchange["query"]);
        found.extend(self.request(&name, &operation, &exchange["request"]));
        // What fails on purpose may look like anything.
        if exchange["planned"] != true {
            found.extend(self.response(&name, &operation, exchange));
        }
        found
    }

    fn queries(&mut self, name: &str, operation: &Value, given: &Value) -> Vec<String> {
        let listed = operation["parameters"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let listed: Vec<Value> = listed
            .iter()
            .map(|parameter| self.description.resolved(parameter).clone())
            .filter(|parameter| parameter["in"] == "query")
            .collect();
        let mut found = Vec::new();
        for pair in given.as_array().into_iter().flatten() {
            let Some(parameter) = listed.iter().find(|it| it["name"] == pair[0]) else {
                found.push(format!("{name} has no parameter {}", pair[0]));
                continue;
            };
            let schema = &parameter["schema"];
            let word = pair[1].as_str().unwrap_or_default();
            let value = match schema["type"].as_str() {
                Some("integer" | "boolean") => serde_json::from_str(word).unwrap_or(json!(word)),
                _ => json!(word),
            };
            let what = format!("{name} ?{}", pair[0]);
            found.extend(self.judge(&what, schema, &value));
        }
        found
    }

    fn request(&mut self, name: &str, operation: &Value, body: &Value) -> Vec<String> {
        let described = self.description.resolved(&operation["requestBody"]).clone();
        let schema = &described["content"]["application/json"]["schema"];
        if body.is_null() {
            let missing = described["required"] == true;
            return missing
                .then(|| format!("{name} wants a body"))
                .into_iter()
                .collect();
        }
        if schema.is_null() {
            return vec![format!("{name} takes no body")];
        }
        let mut found = self.judge(&format!("{name} request"), schema, body);
        let known = self.description.fields(schema);
        for field in body
            .as_object()
            .into_iter()
            .flatten()
            .map(|(field, _)| field)
        {
            if !known.contains(field) {
                found.push(format!("{name} request: {field:?} is no field of it"));
            }
        }
        found
    }

    fn response(&mut self, name: &str, operation: &Value, exchange: &Value) -> Vec<String> {
        let status = exchange["status"].to_string();
        let Some(described) = operation["responses"].get(&status) else {
            return vec![format!("{name} never answers {status}")];
        };
        let described = self.description.resolved(described).clone();
        let schema = &described["content"]["application/json"]["schema"];
        if schema.is_null() {
            return Vec::new();
        }
        let what = format!("{name} {status}");
        self.judge(&what, schema, &exchange["response"])
    }

    fn judge(&mut self, what: &str, schema: &Value, value: &Value) -> Vec<String> {
        let description = &self.description;
        let validator = self
            .validators
            .entry(what.to_owned())
            .or_insert_with(|| description.validator(schema));
        let errors = validator.iter_errors(value);
        errors
            .map(|error| format!("{what}: {} {error}", error.instance_path()))
            .collect()
    }
}

fn exchanges() -> Vec<Value> {
    let path = std::env::var("BATCH_TEST_EXCHANGES").expect(WHY);
    let text = fs::read_to_string(path).expect("the exchanges");
    let parsed = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    // GraphQL has a schema of its own.
    parsed
        .filter(|exchange: &Value| exchange["path"] != "/graphql")
        .collect()
}

#[test]
#[ignore = "scripts/github-contract runs it"]
fn every_exchange_is_as_github_describes_it() {
    let mut judge = Judge::new();
    let all = exchanges();
    let mut operations = BTreeMap::new();
    let mut violations = BTreeSet::new();
    for exchange in &all {
        let found = judge.violations(exchange);
        let (method, path) = (exchange["method"].as_str(), exchange["path"].as_str());
        if let Some((template, _)) = judge
            .description
            .operation(method.unwrap_or_default(), path.unwrap_or_default())
        {
            *operations
                .entry(format!("{} {template}", method.unwrap_or_default()))
                .or_insert(0) += 1;
        }
        violations.extend(found);
    }
    for (operation, times) in &operations {
        println!("{times:>6} {operation}");
    }
    println!("{} exchanges, {} violations", all.len(), violations.len());
    let violations: Vec<String> = violations.into_iter().collect();
    assert!(violations.is_empty(), "{}", violations.join("\n"));
    assert!(operations.len() >= 10, "hardly anything was recorded");
}

/// The check is worth something only if it finds what is wrong.
#[test]
#[ignore = "scripts/github-contract runs it"]
fn planted_violations_are_caught() {
    let mut judge = Judge::new();
    let all = exchanges();
    let made = all
        .iter()
        .find(|it| {
            it["method"] == "POST" && it["path"] == "/repos/acme/shop/pulls" && it["status"] == 201
        })
        .expect("a creation");
    assert_eq!(judge.violations(made), [""; 0]);
    let plant = |change: &dyn Fn(&mut Value)| {
        let mut exchange = made.clone();
        change(&mut exchange);
        exchange
    };
    for (planted, word) in [
        (
            plant(&|it| it["request"]["draft"] = json!("yes")),
            "is not of type",
        ),
        (
            plant(&|it| it["request"]["drafts"] = json!(true)),
            "is no field of it",
        ),
        (
            plant(&|it| {
                it["request"].as_object_mut().map(|it| it.remove("head"));
            }),
            "is a required property",
        ),
        (
            plant(&|it| it["query"] = json!([["per_pages", "100"]])),
            "has no parameter",
        ),
        (
            plant(&|it| it["path"] = json!("/repos/acme/shop/pull")),
            "is described nowhere",
        ),
        (plant(&|it| it["status"] = json!(200)), "never answers 200"),
        (
            plant(&|it| it["response"]["number"] = json!("1")),
            "is not of type",
        ),
        (
            plant(&|it| it["response"]["head"]["repo"]["owner"]["login"] = Value::Null),
            "is not of type",
        ),
    ] {
        let found = judge.violations(&planted).join("\n");
        assert!(found.contains(word), "{word}: {found}");
    }
}
