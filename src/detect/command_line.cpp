#include "detect/command_line.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/glob.h"
#include "detect/command/argument_parser.h"
#include "detect/command/grammar.h"
#include "detect/command/grammar_reader.h"
#include "detect/command/use_builder.h"

namespace mailvigil::detect {

namespace {

using command::Tool;

/// How often one tool may run another within one command line (`busybox nc`, `python3
/// /usr/bin/aws`).
constexpr std::size_t kHopsMax = 4;

/// The program's name in a path: no folder, no login shell's dash, no mark of a file that is gone.
std::string_view program_name(std::string_view path) {
    constexpr std::string_view kGone = " (deleted)";
    if (path.ends_with(kGone)) {
        path.remove_suffix(kGone.size());
    }
    path.remove_prefix(path.rfind('/') + 1);
    path.remove_prefix(path.starts_with('-') ? 1 : 0);
    return path;
}

bool matches_any(const std::vector<std::string>& patterns, std::string_view name) {
    return std::ranges::any_of(
        patterns, [&](const std::string& pattern) { return glob_match(pattern, name); });
}

}  // namespace

struct CommandTable::Tables {
    std::map<std::string, Tool, std::less<>> tools;
    std::map<std::string, const Tool*, std::less<>> by_name;  ///< names that are no patterns

    /// A name given in full goes before a pattern; of several patterns the first tool's.
    const Tool* find(std::string_view name) const {
        const auto exact = by_name.find(name);
        if (exact != by_name.end()) {
            return exact->second;
        }
        for (const auto& [key, tool] : tools) {
            if (!name.empty() && matches_any(tool.names, name)) {
                return &tool;
            }
        }
        return nullptr;
    }

    void index() {
        by_name.clear();
        for (const auto& [key, tool] : tools) {
            for (const std::string& name : tool.names) {
                if (!has_wildcard(name)) {
                    by_name.try_emplace(name, &tool);
                }
            }
        }
    }

    const Tool* choose(const CommandInput& input) const;
};

const Tool* CommandTable::Tables::choose(const CommandInput& input) const {
    if (!input.known_as.empty()) {
        const auto at = tools.find(input.known_as);
        return at != tools.end() ? &at->second : find(program_name(input.known_as));
    }
    const std::string_view called =
        input.args.empty() ? std::string_view() : program_name(input.args[0]);
    const Tool* tool = find(program_name(input.executable));
    // The executable is the stronger claim, except where one program is many tools by argv[0].
    if (tool == nullptr || matches_any(tool->also_runs, called)) {
        const Tool* other = find(called);
        return other != nullptr ? other : tool;
    }
    return tool;
}

std::string_view to_text(Act act) {
    constexpr std::string_view kNames[] = {"upload",
                                           "submit",
                                           "transfer",
                                           "serve",
                                           "archive",
                                           "compress",
                                           "encode",
                                           "encrypt",
                                           "copy",
                                           "read",
                                           "enumerate",
                                           "download",
                                           "inspect"};
    static_assert(std::size(kNames) == command::kActs);
    return kNames[static_cast<std::size_t>(act)];
}

CommandTable::CommandTable() : tables_(std::make_unique<Tables>()) {}

CommandTable::~CommandTable() = default;
CommandTable::CommandTable(CommandTable&&) noexcept = default;
CommandTable& CommandTable::operator=(CommandTable&&) noexcept = default;

void CommandTable::add(const yaml::Node& document,
                       std::string_view source,
                       Diagnostics& diagnostics) {
    if (auto tool = command::read_tool(document, source, diagnostics)) {
        std::string name = tool->name;
        tables_->tools.insert_or_assign(std::move(name), std::move(*tool));
        tables_->index();
    }
}

std::vector<CommandUse> CommandTable::analyse(const CommandInput& input) const {
    const Tool* tool = tables_->choose(input);
    std::span<const std::string_view> args = input.args;
    for (std::size_t hops = 0; tool != nullptr; ++hops) {
        const command::Parsed parsed = command::parse_arguments(*tool, tool->base, args);
        const command::ProgramNamed named =
            hops < kHopsMax ? command::find_program(*tool, parsed) : command::ProgramNamed{};
        const Tool* next = named.index == 0 ? nullptr : tables_->find(program_name(named.name));
        if (next == nullptr) {
            return command::build_uses(*tool, parsed);
        }
        tool = next;
        args = args.subspan(named.index);
    }
    return {};
}

std::string_view CommandTable::tool_of(std::string_view executable) const {
    const Tool* tool = tables_->find(program_name(executable));
    return tool == nullptr ? std::string_view() : std::string_view(tool->name);
}

std::vector<std::string_view> CommandTable::names() const {
    std::vector<std::string_view> names;
    for (const auto& [name, tool] : tables_->tools) {
        names.push_back(name);
    }
    return names;
}

namespace command {

const Grammar* find_grammar(const std::vector<std::pair<std::string, Grammar>>& grammars,
                            std::string_view name) {
    for (const auto& [key, grammar] : grammars) {
        if (key == name || (has_wildcard(key) && glob_match(key, name))) {
            return &grammar;
        }
    }
    return nullptr;
}

}  // namespace command

}  // namespace mailvigil::detect
