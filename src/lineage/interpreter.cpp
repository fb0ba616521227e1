#include "lineage/interpreter.h"

#include <algorithm>

#include "base/glob.h"
#include "base/path_map.h"
#include "base/yaml_reader.h"

namespace mailvigil::lineage {

namespace {

bool contains(const std::vector<std::string>& values, std::string_view value) {
    return std::ranges::find(values, value) != values.end();
}

/// Shells take -c within a cluster (`bash -lc text`).
bool has_inline_flag(const std::vector<std::string>& flags, std::string_view argument) {
    if (contains(flags, argument)) {
        return true;
    }
    const bool cluster = argument.size() > 2 && argument[0] == '-' && argument[1] != '-';
    return cluster && contains(flags, std::string("-") + argument.back());
}

}  // namespace

void InterpreterTable::load(const yaml::Node& document,
                            std::string_view source,
                            Diagnostics& diagnostics) {
    yaml::Reader top(document, source, diagnostics);
    for (const yaml::Node* node : top.mappings("interpreters")) {
        yaml::Reader reader(*node, source, diagnostics);
        Interpreter interpreter;
        interpreter.name = reader.text("name").value_or("");
        interpreter.programs = reader.texts("programs");
        interpreter.inline_flags = reader.texts("inline_flags");
        interpreter.value_flags = reader.texts("value_flags");
        interpreter.module_flags = reader.texts("module_flags");
        if (interpreter.name.empty() || interpreter.programs.empty()) {
            reader.missing(interpreter.name.empty() ? "name" : "programs");
        } else {
            interpreters_.push_back(std::move(interpreter));
        }
        reader.finish();
    }
    top.finish();
}

const InterpreterTable::Interpreter* InterpreterTable::find(std::string_view executable) const {
    const std::string_view name = base_name(executable);
    const auto found = std::ranges::find_if(interpreters_, [&](const Interpreter& interpreter) {
        return std::ranges::any_of(interpreter.programs, [&](const std::string& pattern) {
            return glob_match(pattern, name);
        });
    });
    return found == interpreters_.end() ? nullptr : &*found;
}

Script InterpreterTable::script_of(std::string_view executable,
                                   std::string_view named,
                                   std::span<const std::string_view> args) const {
    const Interpreter* interpreter = find(executable);
    if (interpreter == nullptr) {
        return {};
    }
    // `#!`: the kernel puts the script's path behind the interpreter's own arguments.
    const bool chained = !named.empty() &&
                         base_name(named) != base_name(args.empty() ? executable : args[0]) &&
                         std::ranges::find(args, named) != args.end();
    if (chained) {
        return {ScriptKind::file, interpreter->name, named};
    }
    for (std::size_t i = 1; i < args.size(); ++i) {
        const std::string_view argument = args[i];
        if (has_inline_flag(interpreter->inline_flags, argument)) {
            return {ScriptKind::inline_text,
                    interpreter->name,
                    i + 1 < args.size() ? args[i + 1] : std::string_view()};
        }
        if (contains(interpreter->module_flags, argument)) {
            return {ScriptKind::inline_text,
                    interpreter->name,
                    i + 1 < args.size() ? args[i + 1] : std::string_view()};
        }
        if (contains(interpreter->value_flags, argument)) {
            ++i;
        } else if (argument == "-" || argument == "-s") {
            return {ScriptKind::standard_input, interpreter->name, {}};
        } else if (!argument.starts_with('-') && !argument.starts_with('+')) {
            return {ScriptKind::file, interpreter->name, argument};
        }
    }
    return {ScriptKind::standard_input, interpreter->name, {}};
}

}  // namespace mailvigil::lineage
