// MailExecution: which programs are mail daemons, what they are expected to run, and under which
// accounts. Data: profiles/mail-execution.yml and the setting UserContext.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "base/glob.h"
#include "base/yaml.h"
#include "lineage/lineage.h"

namespace mailvigil::detect {

struct NameList;

struct MailExecution {
    std::vector<PathPattern> daemons;          ///< path patterns
    std::vector<PathPattern> expected;         ///< path patterns
    std::vector<std::string> accounts;         ///< user names
    std::vector<std::string> daemon_accounts;  ///< those that only mail daemons' children run as

    void load(const yaml::Node& document,
              std::string_view source,
              const NameList& user_context,
              Diagnostics& diagnostics);

    [[nodiscard]] bool is_daemon(std::string_view program) const;
    [[nodiscard]] bool is_expected(std::string_view program) const;
    [[nodiscard]] bool is_account(std::string_view user) const;

    /// The mail daemon that runs `process`, with nothing but shells in between, as a person would
    /// name it: its program, or "a daemon of Debian-exim" where the log does not show the parent.
    /// Empty: none does.
    [[nodiscard]] std::string daemon_behind(const lineage::Process& process,
                                            const lineage::Lineage& lineage) const;
};

}  // namespace mailvigil::detect
