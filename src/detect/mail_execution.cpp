#include "detect/mail_execution.h"

#include <algorithm>

#include "base/glob.h"
#include "base/yaml_reader.h"
#include "detect/settings.h"

namespace mailvigil::detect {

namespace {

bool any_of(const std::vector<std::string>& patterns, std::string_view path) {
    return std::ranges::any_of(
        patterns, [&](const std::string& pattern) { return path_match(pattern, path); });
}

}  // namespace

void MailExecution::load(const yaml::Node& document,
                         std::string_view source,
                         const NameList& user_context,
                         Diagnostics& diagnostics) {
    yaml::Reader reader(document, source, diagnostics);
    daemons = reader.texts("daemons");
    expected = reader.texts("expected");
    accounts = reader.texts("accounts");
    reader.finish();
    accounts.insert(accounts.end(), user_context.add.begin(), user_context.add.end());
    std::erase_if(accounts, [&](const std::string& account) {
        return std::ranges::find(user_context.remove, account) != user_context.remove.end();
    });
}

bool MailExecution::is_daemon(std::string_view program) const {
    return any_of(daemons, program);
}

bool MailExecution::is_expected(std::string_view program) const {
    return any_of(expected, program);
}

bool MailExecution::is_account(std::string_view user) const {
    return std::ranges::find(accounts, user) != accounts.end();
}

const lineage::Process* MailExecution::daemon_behind(const lineage::Process& process,
                                                     const lineage::Lineage& lineage) const {
    const lineage::Process* found = nullptr;
    lineage.ancestors(process, [&](const lineage::Process& ancestor) {
        if (is_daemon(ancestor.executable)) {
            found = &ancestor;
            return false;
        }
        return ancestor.script_kind == lineage::ScriptKind::inline_text;
    });
    return found;
}

}  // namespace mailvigil::detect
