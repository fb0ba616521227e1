#include "detect/declared.h"

#include <algorithm>

#include "base/glob.h"

namespace mailvigil::detect {

namespace {

using lineage::Lineage;
using lineage::Process;

bool in_time(const Declaration& declaration, Timestamp time) {
    return (!declaration.from || *declaration.from <= time) &&
           (!declaration.until || time < *declaration.until);
}

bool by_actor(const Declaration& declaration, const Process& process, const Lineage& lineage) {
    if (declaration.by.empty()) {
        return true;
    }
    // The person counts, not the account that sudo lent; where nobody logged in, the account is all
    // there is.
    const std::uint32_t id = process.login_user == kUnset ? process.user.value : process.login_user;
    const std::string name = lineage.user_name(id);
    return std::ranges::find(declaration.by, name) != declaration.by.end();
}

bool by_program(const Declaration& declaration, const Process& process, const Lineage& lineage) {
    if (declaration.programs.empty()) {
        return true;
    }
    const auto fits = [&](const Process& candidate) {
        return std::ranges::any_of(declaration.programs, [&](const std::string& pattern) {
            return path_match(pattern, candidate.executable) ||
                   (candidate.script_kind == lineage::ScriptKind::file &&
                    path_match(pattern, candidate.script));
        });
    };
    bool found = fits(process);
    lineage.ancestors(process, [&](const Process& ancestor) {
        found = found || fits(ancestor);
        return !found;
    });
    return found;
}

template <class Covers>
const Declaration* find(const Settings& settings,
                        const Process& process,
                        const Lineage& lineage,
                        Timestamp time,
                        Covers covers) {
    for (const Declaration& declaration : settings.declarations) {
        if (in_time(declaration, time) && covers(declaration) &&
            by_actor(declaration, process, lineage) && by_program(declaration, process, lineage)) {
            return &declaration;
        }
    }
    return nullptr;
}

}  // namespace

const Declaration* declared_mailbox(const Settings& settings,
                                    const Process& process,
                                    const Lineage& lineage,
                                    std::string_view mailbox,
                                    Timestamp time) {
    return find(settings, process, lineage, time, [&](const Declaration& declaration) {
        return std::ranges::any_of(declaration.mailboxes, [&](const std::string& pattern) {
            return glob_match(pattern, mailbox);
        });
    });
}

const Declaration* declared_change(const Settings& settings,
                                   const Process& process,
                                   const Lineage& lineage,
                                   std::string_view path,
                                   Timestamp time) {
    return find(settings, process, lineage, time, [&](const Declaration& declaration) {
        return std::ranges::any_of(declaration.paths, [&](const std::string& pattern) {
            return path_match(pattern, path);
        });
    });
}

}  // namespace mailvigil::detect
