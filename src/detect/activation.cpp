#include "detect/activation.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/glob.h"
#include "base/path_map.h"
#include "base/yaml_reader.h"

namespace mailvigil::detect {

namespace {

std::optional<ActivationKind> parse_kind(std::string_view text) {
    if (text == "edit") {
        return ActivationKind::edit;
    }
    if (text == "build") {
        return ActivationKind::build;
    }
    return text == "activate" ? std::optional(ActivationKind::activate) : std::nullopt;
}

bool matches(const Activation& activation, const lineage::Process& process) {
    // postalias and newaliases may be one file under several names: the name it was called by
    // counts. A script goes by its own.
    const std::string_view called =
        process.args.empty() ? std::string_view() : base_name(process.args[0]);
    const std::string_view program = base_name(process.executable);
    const std::string_view script = process.script_kind == lineage::ScriptKind::file
                                        ? base_name(process.script)
                                        : std::string_view();
    const bool named = std::ranges::any_of(activation.programs, [&](const std::string& name) {
        return name == called || name == program || name == script;
    });
    return named && std::ranges::all_of(activation.arguments, [&](const std::string& glob) {
               return std::any_of(
                   process.args.begin() + (process.args.empty() ? 0 : 1),
                   process.args.end(),
                   [&](const std::string& argument) { return glob_match(glob, argument); });
           });
}

}  // namespace

void ActivationTable::load(const yaml::Node& document,
                           std::string_view source,
                           Diagnostics& diagnostics) {
    yaml::Reader top(document, source, diagnostics);
    for (const yaml::Node* node : top.mappings("activations")) {
        yaml::Reader reader(*node, source, diagnostics);
        Activation activation;
        activation.software = reader.text("software").value_or("");
        activation.programs = reader.texts("programs");
        activation.arguments = reader.texts("arguments");
        activation.does = reader.text("does").value_or("");
        const std::string kind = reader.text("kind").value_or("activate");
        if (const auto parsed = parse_kind(kind); !parsed) {
            reader.report(
                "kind", fmt::format("\"kind\" must be edit, build or activate, not \"{}\"", kind));
        } else if (activation.programs.empty()) {
            reader.missing("programs");
        } else {
            activation.kind = *parsed;
            activations_.push_back(std::move(activation));
        }
        reader.finish();
    }
    top.finish();
}

const Activation* ActivationTable::find(const lineage::Process& process) const {
    const auto found = std::ranges::find_if(
        activations_, [&](const Activation& activation) { return matches(activation, process); });
    return found == activations_.end() ? nullptr : &*found;
}

}  // namespace mailvigil::detect
