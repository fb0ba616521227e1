#include "detect/mail_execution.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/yaml_reader.h"
#include "detect/settings.h"

namespace mailvigil::detect {

void MailExecution::load(const yaml::Node& document,
                         std::string_view source,
                         const NameList& user_context,
                         Diagnostics& diagnostics) {
    yaml::Reader reader(document, source, diagnostics);
    daemons = path_patterns(reader.texts("daemons"));
    expected = path_patterns(reader.texts("expected"));
    accounts = reader.texts("accounts");
    daemon_accounts = reader.texts("daemon_accounts");
    reader.finish();
    accounts.insert(accounts.end(), user_context.add.begin(), user_context.add.end());
    std::erase_if(accounts, [&](const std::string& account) {
        return std::ranges::find(user_context.remove, account) != user_context.remove.end();
    });
}

bool MailExecution::is_daemon(std::string_view program) const {
    return any_match(daemons, program);
}

bool MailExecution::is_expected(std::string_view program) const {
    return any_match(expected, program);
}

bool MailExecution::is_account(std::string_view user) const {
    return std::ranges::find(accounts, user) != accounts.end();
}

std::string MailExecution::daemon_behind(const lineage::Process& process,
                                         const lineage::Lineage& lineage) const {
    std::string found;
    // A fork that neither ran a program nor touched a watched file leaves no trace but its pid.
    bool parent_unseen = lineage.parent(process) == nullptr;
    lineage.ancestors(process, [&](const lineage::Process& ancestor) {
        parent_unseen = ancestor.executable.empty();
        if (is_daemon(ancestor.executable)) {
            found = ancestor.executable;
            return false;
        }
        return ancestor.script_kind == lineage::ScriptKind::inline_text;
    });
    const std::string_view user = lineage.known_user_name(process.effective_user.value);
    if (found.empty() && parent_unseen && process.login_user == kUnset &&
        std::ranges::find(daemon_accounts, user) != daemon_accounts.end()) {
        return fmt::format("a daemon of {}", user);
    }
    return found;
}

}  // namespace mailvigil::detect
