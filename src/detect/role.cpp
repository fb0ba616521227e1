#include "detect/role.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/glob.h"
#include "base/yaml_reader.h"

namespace mailvigil::detect {

namespace {

using lineage::Lineage;
using lineage::Process;

bool is_program_of(const Role& role, const Process& process) {
    if (any_match(role.programs, process.executable)) {
        return true;
    }
    return process.script_kind == lineage::ScriptKind::file &&
           any_match(role.scripts, process.script);
}

bool arguments_fit(const Role& role, const Process& process) {
    const auto has = [&](const std::vector<std::string>& globs) {
        return std::ranges::any_of(process.args, [&](const std::string& argument) {
            return std::ranges::any_of(
                globs, [&](const std::string& glob) { return glob_match(glob, argument); });
        });
    };
    return (role.arguments.empty() || has(role.arguments)) && !has(role.not_arguments);
}

bool ancestry_fits(const Role& role, const Process& process, const Lineage& lineage) {
    if (role.ancestors.empty()) {
        return true;
    }
    bool found = false;
    lineage.ancestors(process, [&](const Process& ancestor) {
        found = any_match(role.ancestors, ancestor.executable) ||
                any_match(role.ancestors, ancestor.script);
        return !found;
    });
    return found;
}

bool is_attended(const Process& process, const Lineage& lineage) {
    const lineage::Session* session = lineage.session(process);
    return session != nullptr && session->is_interactive();
}

/// A shell that reads its commands: a person typed them, or something fed them.
bool is_typed_shell(const Process& process) {
    return process.script_kind == lineage::ScriptKind::standard_input &&
           process.interpreter.ends_with("sh");
}

bool is_scripted(const Process& process, const Lineage& lineage) {
    bool typed = false;
    lineage.ancestors(process, [&](const Process& ancestor) {
        typed = ancestor.session == process.session && is_typed_shell(ancestor);
        return !typed;
    });
    return !typed;
}

/// What an ancestor of the role started goes on being its work, until a person takes over or a
/// program that anybody may have put there.
bool passes_through(const Role& role, const Process& process) {
    const bool foreign = any_match(role.not_through, process.executable) ||
                         (process.script_kind == lineage::ScriptKind::file &&
                          any_match(role.not_through, process.script));
    return !foreign && !is_typed_shell(process);
}

bool has_role(const Role& role,
              const Process& process,
              const Lineage& lineage,
              Attendance attendance) {
    return is_program_of(role, process) && arguments_fit(role, process) &&
           (!role.unattended || attendance == Attendance::ignored ||
            !is_attended(process, lineage)) &&
           (!role.scripted || is_scripted(process, lineage)) &&
           ancestry_fits(role, process, lineage);
}

std::optional<RoleVerdict> parse_verdict(std::string_view text) {
    constexpr std::pair<std::string_view, RoleVerdict> kWords[] = {
        {"service", RoleVerdict::service},
        {"owner_only", RoleVerdict::owner_only},
        {"maintenance", RoleVerdict::maintenance},
        {"change", RoleVerdict::change}};
    for (const auto& [word, verdict] : kWords) {
        if (word == text) {
            return verdict;
        }
    }
    return {};
}

}  // namespace

void RoleTable::load(const yaml::Node& document,
                     std::string_view source,
                     Diagnostics& diagnostics) {
    yaml::Reader top(document, source, diagnostics);
    for (const yaml::Node* node : top.mappings("roles")) {
        yaml::Reader reader(*node, source, diagnostics);
        Role role;
        role.name = reader.text("role").value_or("");
        role.word = reader.text("does").value_or("");
        role.programs = path_patterns(reader.texts("programs"));
        role.scripts = path_patterns(reader.texts("scripts"));
        role.ancestors = path_patterns(reader.texts("ancestors"));
        role.arguments = reader.texts("arguments");
        role.not_arguments = reader.texts("not_arguments");
        role.not_through = path_patterns(reader.texts("not_through"));
        role.scripted = reader.boolean("scripted").value_or(false);
        role.told = reader.boolean("told").value_or(false);
        role.unattended = reader.boolean("unattended").value_or(false);
        role.inherited = reader.boolean("inherited").value_or(false);
        role.daemon = reader.boolean("daemon").value_or(false);
        const std::string word = reader.text("verdict").value_or("");
        const auto verdict = parse_verdict(word);
        if (!verdict) {
            reader.report(
                "verdict",
                fmt::format(
                    "\"verdict\" must be service, owner_only, maintenance or change, not \"{}\"",
                    word));
        } else if (role.name.empty() || (role.programs.empty() && role.scripts.empty())) {
            reader.missing(role.name.empty() ? "role" : "programs");
        } else {
            role.verdict = *verdict;
            roles_.push_back(std::move(role));
        }
        reader.finish();
    }
    top.finish();
}

const Role* RoleTable::role_of(const Process& process,
                               const Lineage& lineage,
                               Attendance attendance) const {
    for (const Role& role : roles_) {
        if (has_role(role, process, lineage, attendance)) {
            return &role;
        }
    }
    const Role* found = nullptr;
    std::vector<const Process*> between = {&process};
    lineage.ancestors(process, [&](const Process& ancestor) {
        // A daemon that a package restarted goes on for itself, and so do the cron jobs it may
        // start.
        if (ancestor.session != process.session || ancestor.detached) {
            return false;
        }
        for (const Role& role : roles_) {
            const bool passes = role.inherited && has_role(role, ancestor, lineage, attendance) &&
                                std::ranges::all_of(between, [&](const Process* link) {
                                    return passes_through(role, *link);
                                });
            if (passes) {
                found = &role;
                return false;
            }
        }
        between.push_back(&ancestor);
        return true;
    });
    return found;
}

}  // namespace mailvigil::detect
