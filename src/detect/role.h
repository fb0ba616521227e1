// Role: what a process is expected to do, by who it is (program or script path, ancestors, how its
// session was opened). Data: profiles/roles.yml. A role explains an access; it never makes one
// invisible.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "base/glob.h"
#include "base/yaml.h"
#include "lineage/lineage.h"

namespace mailvigil::detect {

/// What accesses of a role are taken for.
enum class RoleVerdict : std::uint8_t {
    service,      ///< the mail system doing its work
    owner_only,   ///< a mail client: honest for the mailbox's owner and nobody else
    maintenance,  ///< backup, indexing, scanning, migration
    change,       ///< package manager, configuration management: changes configuration
};

struct Role {
    std::string name;
    RoleVerdict verdict = RoleVerdict::service;
    std::string word;                    ///< for a person: "delivers mail", "backs up files"
    std::vector<PathPattern> programs;   ///< path patterns of the executable
    std::vector<PathPattern> scripts;    ///< path patterns of the script an interpreter runs
    std::vector<PathPattern> ancestors;  ///< path patterns, one of which an ancestor's program or
                                         ///< script must match; empty: any
    std::vector<std::string> arguments;  ///< globs, one of which an argument must match; empty: any
    std::vector<std::string> not_arguments;  ///< globs that no argument may match
    /// An ancestor's role does not pass through programs and scripts of these paths: what anybody
    /// may have put there is not the ancestor's work.
    std::vector<PathPattern> not_through;
    bool unattended = false;  ///< only when no person sits at the session
    bool scripted = false;    ///< only when no shell of its session that reads commands started it
    bool told = false;        ///< easily claimed by somebody else: worth a low finding each time
    bool inherited = false;   ///< its descendants have the role too
    bool daemon =
        false;  ///< long-lived: a boundary that carries no suspicion from one request to the next
};

/// Whether a role that is only for unattended work counts where a person sits at the session.
enum class Attendance : std::uint8_t { matters, ignored };

class RoleTable {
  public:
    void load(const yaml::Node& document, std::string_view source, Diagnostics& diagnostics);

    /// The first role of the profile that the process has; null: none.
    [[nodiscard]] const Role* role_of(const lineage::Process& process,
                                      const lineage::Lineage& lineage,
                                      Attendance attendance = Attendance::matters) const;

  private:
    std::vector<Role> roles_;
};

}  // namespace mailvigil::detect
