//! The cover: what the lab is, and the way to its sections. It starts no worker.

use crate::app::ABOUT;
use crate::app::route::Route;
use crate::core::chapter::chapters;
use crate::core::query::Query;
use crate::for_each_section;
use crate::panel::{Visit, visit};
use crate::run::any::AnyExperiment;
use crate::sections::Section;
use crate::ui::readout::time_words;
use yew::prelude::*;

/// Returns the page without a section.
pub(super) fn cover(query: &Query) -> Html {
    macro_rules! tiles {
        ($($module:ident, $experiment:ident, $panel:ident, $title:literal, $subtitle:literal;)*) => {
            [$(tile(
                &Section { slug: <crate::sections::$module::$experiment as crate::run::Experiment>::SLUG, title: $title, subtitle: $subtitle },
                &AnyExperiment::of::<crate::sections::$module::$experiment>(),
                crate::sections::$module::cover(),
                query,
            )),*]
        };
    }
    let tiles = for_each_section!(tiles);
    let class = Route { slug: "class".to_owned(), chapter: None, query: query.clone() }.to_hash();
    let verify = Route { slug: "verify".to_owned(), chapter: None, query: query.clone() }.to_hash();
    html! {
        <div class="cover">
            <h1>{ "See what neural networks do, on your own device" }</h1>
            <p class="lead">
                { "Six sections train real models in this browser, on its GPU or CPU, and compare what is measured with what textbooks claim. Nothing is installed, nothing is sent anywhere." }
            </p>
            <ol class="tiles">{ for tiles }</ol>
            <div class="cover-more">
                <section>
                    <h2>{ "For teachers" }</h2>
                    <p>{ "Every chapter, figure and experiment can be embedded in a course page. Open it and press " }<strong>{ "Share" }</strong>{ ": the dialog writes the line to paste. " }<a href="embed-example.html">{ "An example page" }</a>{ ". " }<a href={class}>{ "Class view" }</a>{ " collects the answers of a class in one table." }</p>
                </section>
                <section>
                    <h2>{ "For contributors" }</h2>
                    <p>
                        <a href={verify}>{ "Verify this device" }</a>{ " against reference values. " }
                        <a href="findings.html">{ "Findings of this project" }</a>{ ", with the commands that repeat them. " }
                        <a href={ABOUT}>{ "Version, licenses, how to cite" }</a>
                    </p>
                </section>
            </div>
        </div>
    }
}

/// Returns the tile of a section: its picture, its topic and first question, and how far the visitor has come.
fn tile(section: &Section, experiment: &AnyExperiment, picture: Html, query: &Query) -> Html {
    let query = query.keep(|key| ["device", "theme"].contains(&key));
    let href = Route { slug: section.slug.to_owned(), chapter: None, query }.to_hash();
    let question = experiment.chapters.first().map_or("", |chapter| chapter.title);
    html! {
        <li>
            <a class="tile" {href} data-to={section.slug}>
                { picture }
                <h2>{ section.title }</h2>
                <p>{ section.subtitle }{ ". " }{ question }</p>
                <p class="tile-foot">{ progress(experiment, &visit(section.slug)) }</p>
            </a>
        </li>
    }
}

/// Returns how much of a section is done, and how long a run took on this device.
fn progress(experiment: &AnyExperiment, visit: &Visit) -> String {
    let all = chapters(experiment.chapters).count();
    let done = chapters(experiment.chapters)
        .filter(|chapter| visit.chapters.iter().any(|slug| slug == chapter.slug))
        .count();
    let experiments = experiment.guided_infos().len();
    let run = visit.run_seconds.map_or_else(
        || "no run on this device yet".to_owned(),
        |seconds| format!("latest run here: {}", time_words(seconds)),
    );
    if done == 0 && visit.experiments == 0 {
        return format!("{all} chapters, {experiments} experiments; {run}");
    }
    format!("{done} of {all} chapters, {} of {experiments} experiments done; {run}", visit.experiments)
}
