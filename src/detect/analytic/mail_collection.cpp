// AN1310 (DET0476, T1114): who opened the mail. Judges every access to a mail store, follows what
// was read through processes, pipes and files, and joins it with the ways out into incidents.
#include "detect/analytic/mail_collection/tracker.h"
#include "detect/analytic/roster.h"

namespace mailvigil::detect::analytic {

namespace {

std::unique_ptr<AnalyticState> create(const Context& context) {
    return std::make_unique<collection::Tracker>(context);
}

}  // namespace

extern const Analytic mail_collection{
    .name = "mail_collection",
    .rule_id = "AN1310",
    .summary = "who opened the mail: collection from mail stores and its ways out",
    .create = create};

}  // namespace mailvigil::detect::analytic
