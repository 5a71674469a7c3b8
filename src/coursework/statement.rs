//! Statements for learning record stores (xAPI, cmi5). They have no actor: the page around the lab knows who the student is.

use crate::assignment::{Assignment, Guess, Question};
use crate::core::guess::{AnswerKey, Grade, Guessed, RightAnswer};
use crate::core::query::Query;
use crate::coursework::progress::Progress;
use crate::coursework::sheet::{Asked, Attempt, LessonName, Outcome};
use crate::saved_runs::Timestamp;
use serde_json::{Map, Value, json};

/// The part of an address in front of the names of verbs and activity types.
const VOCABULARY: &str = "http://adlnet.gov/expapi";

/// The keys of an address that do not belong to the question.
const APPEARANCE: &[&str] = &["embed", "theme", "device", "hide", "share", "autoplay", "v"];

/// Returns the statement about an attempt: the student has answered a question.
///
/// `address` is the address of the panel in this lab. The identifier of the question is the lab's address with the name of the
/// question; it stays the same when the student changes settings.
pub fn answered(asked: &Asked, attempt: &Attempt, lesson: Option<&LessonName>, address: &str) -> Value {
    let (lab, hash) = split(address);
    let question = question(asked, hash);
    let outcome = attempt.outcome.as_ref();
    let mut extensions = Map::new();
    let mut extend = |name: &str, value: Value| extensions.insert(format!("{lab}#{name}"), value);
    extend("attempt", json!(attempt.id));
    if let Some(outcome) = outcome {
        extend("settings", json!(outcome.settings));
        extend("seed", json!(outcome.seed));
        extend("seeds", json!(outcome.seeds));
        extend("measured", json!(outcome.measured));
        extend("lab-version", json!(outcome.lab_version));
        if let Some(device) = &outcome.device {
            extend("device", json!(device));
        }
    }
    let mut context = json!({ "platform": "Neural network lab", "extensions": extensions });
    if let Some(lesson) = lesson {
        context["contextActivities"] = json!({ "parent": [lesson_activity(lesson, &lab)] });
    }
    json!({
        "verb": verb("answered"),
        "object": {
            "objectType": "Activity",
            "id": item_id(asked, lesson, &lab),
            "definition": definition(asked, attempt, question.as_ref(), &address_of(&lab, hash)),
        },
        "result": result(attempt),
        "context": context,
        "timestamp": outcome.map_or(attempt.time, |outcome| outcome.time),
    })
}

/// Returns the statement about a lesson: the student has completed it. `address` is the address of the lesson in this lab.
pub fn completed(lesson: &LessonName, progress: Progress, address: &str, now: Timestamp) -> Value {
    let (lab, _) = split(address);
    let mut result = json!({ "completion": progress.done });
    if let Some(score) = progress.score {
        result["score"] = json!({ "scaled": score });
    }
    let extensions: Map<String, Value> = [("answered", progress.answered), ("items", progress.items)]
        .into_iter()
        .map(|(name, number)| (format!("{lab}#{name}"), json!(number)))
        .collect();
    json!({
        "verb": verb("completed"),
        "object": lesson_activity(lesson, &lab),
        "result": result,
        "context": { "platform": "Neural network lab", "extensions": extensions },
        "timestamp": now,
    })
}

/// Splits an address into that of the lab and the part after `#`.
fn split(address: &str) -> (String, &str) {
    let (lab, hash) = address.split_once('#').unwrap_or((address, ""));
    // The frame of a lesson's item has a mark in its address.
    let lab = ["?item", "&item"].iter().find_map(|mark| lab.strip_suffix(mark)).unwrap_or(lab);
    (lab.to_owned(), hash)
}

fn verb(name: &str) -> Value {
    json!({ "id": format!("{VOCABULARY}/verbs/{name}"), "display": { "en": name } })
}

fn lesson_activity(lesson: &LessonName, lab: &str) -> Value {
    let title = if lesson.title.is_empty() { &lesson.id } else { &lesson.title };
    json!({
        "objectType": "Activity",
        "id": format!("{lab}#/lesson?{}", Query::from([("lesson", &*lesson.id)])),
        "definition": { "type": format!("{VOCABULARY}/activities/lesson"), "name": { "en": title } },
    })
}

fn item_id(asked: &Asked, lesson: Option<&LessonName>, lab: &str) -> String {
    let name = asked.id.strip_prefix(&format!("{}/", asked.section)).unwrap_or(&asked.id);
    let mut query = Query::from([("question", name)]);
    if let Some(lesson) = lesson {
        query.push("lesson", &*lesson.id);
    }
    format!("{lab}#/{}?{query}", asked.section)
}

/// Returns a link to the panel with the question.
fn address_of(lab: &str, hash: &str) -> String {
    let (path, query) = hash.split_once('?').unwrap_or((hash, ""));
    let query = Query::parse(query).keep(|key| !APPEARANCE.contains(&key));
    format!("{lab}#{path}{}{query}", if query.is_empty() { "" } else { "?" })
}

/// Returns the question in the address of a panel, if it is the one that was asked.
fn question(asked: &Asked, hash: &str) -> Option<Question> {
    let query = Query::parse(hash.split_once('?').map_or("", |(_, query)| query));
    let question = Assignment::from_query(&query).0.question?;
    (asked.id == format!("{}/{}", asked.section, question.name())).then_some(question)
}

fn definition(asked: &Asked, attempt: &Attempt, question: Option<&Question>, link: &str) -> Value {
    let kind = match attempt.guess {
        Some(Guessed::Number(_)) => "numeric",
        Some(Guessed::Choice(_)) => "choice",
        Some(Guessed::Curve(_)) | None => "other",
    };
    let mut definition = json!({
        "type": format!("{VOCABULARY}/activities/cmi.interaction"),
        "name": { "en": asked.question },
        "interactionType": kind,
        "moreInfo": link,
    });
    if let Some(Guess::Choice(options)) = question.map(|question| &question.guess) {
        let choice = |option: &String| json!({ "id": choice_id(option), "description": { "en": option } });
        definition["choices"] = options.iter().map(choice).collect();
    }
    if let Some(pattern) = right_response(attempt, question) {
        definition["correctResponsesPattern"] = json!([pattern]);
    }
    definition
}

fn result(attempt: &Attempt) -> Value {
    let mut result = json!({ "completion": attempt.outcome.is_some() });
    match &attempt.guess {
        Some(Guessed::Number(number)) => result["response"] = json!(plain(*number)),
        Some(Guessed::Choice(words)) => result["response"] = json!(choice_id(words)),
        Some(Guessed::Curve(points)) => {
            let points: Vec<String> =
                points.iter().map(|(x, y)| format!("{},{}", plain(*x), plain(*y))).collect();
            result["response"] = json!(points.join(" "));
        }
        None => {}
    }
    if let Some(Outcome { verdict, .. }) = &attempt.outcome {
        match verdict.grade {
            Grade::Right => result["success"] = json!(true),
            Grade::Partly | Grade::Wrong => result["success"] = json!(false),
            Grade::Open => {}
        }
        if let Some(score) = verdict.score {
            result["score"] = json!({ "scaled": score });
        }
    }
    result
}

/// Returns an option as the identifier of a choice, which has no spaces.
fn choice_id(option: &str) -> String {
    option.split_whitespace().collect::<Vec<_>>().join("_")
}

/// Returns a number with at most nine decimals, and without an exponent.
fn plain(number: f64) -> String {
    let rounded = (number * 1e9).round() / 1e9;
    if rounded.is_finite() { rounded.to_string() } else { number.to_string() }
}

/// Returns the right response in the notation of the interaction type, if it is known.
fn right_response(attempt: &Attempt, question: Option<&Question>) -> Option<String> {
    if let (Some(Guessed::Choice(words)), Some(outcome)) = (&attempt.guess, &attempt.outcome)
        && outcome.verdict.grade == Grade::Right
    {
        return Some(choice_id(words));
    }
    let question = question?;
    let AnswerKey { right, tolerance } = question.key.as_ref()?;
    let measured = |name: &String| attempt.outcome.as_ref()?.measured.get(name).copied().flatten();
    let around = |number: f64| {
        let room = tolerance.unwrap_or(0.05 * number.abs());
        format!("{}[:]{}", plain(number - room), plain(number + room))
    };
    match (right, &attempt.guess) {
        (RightAnswer::Number(number), Some(Guessed::Number(_))) => Some(around(*number)),
        (RightAnswer::Range(low, high), Some(Guessed::Number(_))) => {
            Some(format!("{}[:]{}", plain(*low), plain(*high)))
        }
        (RightAnswer::Measured, Some(Guessed::Number(_))) => {
            question.metrics.first().and_then(measured).map(around)
        }
        (RightAnswer::Choice(words), Some(Guessed::Choice(_))) => Some(choice_id(words)),
        (RightAnswer::Largest | RightAnswer::Smallest, Some(Guessed::Choice(_))) => {
            let Guess::Choice(options) = &question.guess else { return None };
            let sign = if *right == RightAnswer::Largest { 1.0 } else { -1.0 };
            let numbers: Option<Vec<f64>> = question.metrics.iter().map(measured).collect();
            let numbers = numbers?;
            let best = numbers.iter().map(|number| sign * number).reduce(f64::max)?;
            let at = numbers.iter().position(|number| sign * number == best)?;
            options.get(at).map(|option| choice_id(option))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::coursework::sheet::WorkKind;
    use crate::coursework::statement::*;

    const LAB: &str = "https://courses.example.edu/lab/index.html";

    fn asked(name: &str, question: &str) -> Asked {
        Asked {
            id: format!("rnn/{name}"),
            section: "rnn".to_owned(),
            kind: WorkKind::Question,
            question: question.to_owned(),
        }
    }

    fn attempt(guess: &Value, result: &str, score: Value, measured: &Value) -> Attempt {
        serde_json::from_value(json!({
            "id": "k3v9x0a2b1cd", "time": "2026-11-30T19:50:00.000Z", "guess": guess,
            "outcome": {
                "time": "2026-11-30T19:51:00.000Z", "measured": measured, "verdict": { "result": result, "score": score },
                "settings": { "seq_len": 50 }, "seed": 1, "seeds": 1,
                "device": { "asked": "cpu", "kind": "cpu", "name": "Flex", "fallback": null }, "lab_version": "0.2.0",
            },
        }))
        .unwrap()
    }

    fn lesson() -> LessonName {
        LessonName { id: "memory".to_owned(), title: "Memory".to_owned() }
    }

    #[test]
    fn an_answered_number_is_a_numeric_interaction() {
        let address = format!(
            "{LAB}?item#/rnn/memory?seq_len=50&ask=How%20much%3F&ask_guess=number&ask_metric=accuracy_rnn&ask_answer=measured&ask_tolerance=0.05&ask_id=q1&lesson=memory&embed=1&theme=dark"
        );
        let attempt =
            attempt(&json!({ "number": 0.5 }), "wrong", json!(0.0), &json!({ "accuracy_rnn": 0.125 }));
        let statement = answered(&asked("q1", "How much?"), &attempt, Some(&lesson()), &address);
        let parent = json!({
            "objectType": "Activity",
            "id": format!("{LAB}#/lesson?lesson=memory"),
            "definition": { "type": "http://adlnet.gov/expapi/activities/lesson", "name": { "en": "Memory" } },
        });
        assert_eq!(
            statement,
            json!({
                "verb": { "id": "http://adlnet.gov/expapi/verbs/answered", "display": { "en": "answered" } },
                "object": {
                    "objectType": "Activity",
                    "id": format!("{LAB}#/rnn?question=q1&lesson=memory"),
                    "definition": {
                        "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
                        "name": { "en": "How much?" },
                        "interactionType": "numeric",
                        "correctResponsesPattern": ["0.075[:]0.175"],
                        "moreInfo": format!("{LAB}#/rnn/memory?seq_len=50&ask=How%20much%3F&ask_guess=number&ask_metric=accuracy_rnn&ask_answer=measured&ask_tolerance=0.05&ask_id=q1&lesson=memory"),
                    },
                },
                "result": { "completion": true, "success": false, "score": { "scaled": 0.0 }, "response": "0.5" },
                "context": {
                    "platform": "Neural network lab",
                    "contextActivities": { "parent": [parent] },
                    "extensions": {
                        format!("{LAB}#attempt"): "k3v9x0a2b1cd",
                        format!("{LAB}#settings"): { "seq_len": 50 },
                        format!("{LAB}#seed"): 1,
                        format!("{LAB}#seeds"): 1,
                        format!("{LAB}#measured"): { "accuracy_rnn": 0.125 },
                        format!("{LAB}#lab-version"): "0.2.0",
                        format!("{LAB}#device"): { "asked": "cpu", "kind": "cpu", "name": "Flex", "fallback": null },
                    },
                },
                "timestamp": "2026-11-30T19:51:00.000Z",
            })
        );
    }

    #[test]
    fn the_right_choice_follows_from_the_measurement() {
        let address = format!(
            "{LAB}#/rnn?ask=Which%3F&ask_guess=choice&ask_options=The%20RNN|The%20LSTM&ask_metric=a,b&ask_answer=largest&ask_id=q2"
        );
        let measured = json!({ "a": 0.1, "b": 0.9 });
        let attempt = attempt(&json!({ "choice": "The RNN" }), "wrong", json!(0.0), &measured);
        let statement = answered(&asked("q2", "Which?"), &attempt, None, &address);
        let definition = &statement["object"]["definition"];
        assert_eq!(definition["interactionType"], "choice");
        assert_eq!(definition["correctResponsesPattern"], json!(["The_LSTM"]));
        assert_eq!(definition["choices"][0], json!({ "id": "The_RNN", "description": { "en": "The RNN" } }));
        assert_eq!(statement["result"]["response"], "The_RNN");
        assert_eq!(statement["context"].get("contextActivities"), None);
    }

    #[test]
    fn an_ungraded_curve_and_another_question_have_no_right_response() {
        let guess = json!({ "curve": [[0.0, 2.5], [1.0, 0.1]] });
        let attempt = attempt(&guess, "open", Value::Null, &json!({}));
        let statement = answered(&asked("forget-bias", "Draw"), &attempt, None, "https://a.example/#/rnn");
        let definition = &statement["object"]["definition"];
        assert_eq!(
            (&definition["interactionType"], definition.get("correctResponsesPattern")),
            (&json!("other"), None)
        );
        assert_eq!(statement["result"], json!({ "completion": true, "response": "0,2.5 1,0.1" }));
    }

    #[test]
    fn a_completed_lesson_has_its_score() {
        let progress = Progress { answered: 3, items: 3, score: Some(0.5), done: true };
        let statement =
            completed(&lesson(), progress, &format!("{LAB}#/lesson?lesson=memory&embed=1"), Timestamp(0));
        assert_eq!(
            statement,
            json!({
                "verb": { "id": "http://adlnet.gov/expapi/verbs/completed", "display": { "en": "completed" } },
                "object": {
                    "objectType": "Activity",
                    "id": format!("{LAB}#/lesson?lesson=memory"),
                    "definition": { "type": "http://adlnet.gov/expapi/activities/lesson", "name": { "en": "Memory" } },
                },
                "result": { "completion": true, "score": { "scaled": 0.5 } },
                "context": {
                    "platform": "Neural network lab",
                    "extensions": { format!("{LAB}#answered"): 3, format!("{LAB}#items"): 3 },
                },
                "timestamp": "1970-01-01T00:00:00.000Z",
            })
        );
    }
}
