// AN0473 (DET0166, T1505.002): who bent the path of mail. Changes of configuration, maps, filters,
// scripts and programs of the mail system, the commands that put them into effect, and what the
// mail system then runs.
#include "detect/analytic/path_tampering/tracker.h"
#include "detect/analytic/roster.h"

namespace mailvigil::detect::analytic {

namespace {

std::unique_ptr<AnalyticState> create(const Context& context) {
    return std::make_unique<tampering::Tracker>(context);
}

}  // namespace

extern const Analytic path_tampering{
    .name = "path_tampering",
    .rule_id = "AN0473",
    .summary = "who bent the path of mail: filters, transports, maps and scripts",
    .create = create};

}  // namespace mailvigil::detect::analytic
