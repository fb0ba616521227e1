#include "app/anchoring.h"

#include <syslog.h>

#include "app/anchor.h"
#include "app/witness_client.h"
#include "evidence/ledger_reader.h"

namespace mailvigil::app {

namespace {

/// The size that the witness cosigned last, by what the ledger keeps. The witness may know better.
std::uint64_t cosigned_size(const std::vector<evidence::Checkpoint>& checkpoints,
                            const evidence::VerifierKey& witness) {
    for (auto it = checkpoints.rbegin(); it != checkpoints.rend(); ++it) {
        if (check(it->note, witness) == evidence::SignatureCheck::valid) {
            return it->head.size;
        }
    }
    return 0;
}

}  // namespace

Result<evidence::Checkpoint> anchor(evidence::Ledger& ledger,
                                    evidence::Disk& disk,
                                    const std::string& folder,
                                    const AnchorOptions& options) {
    const auto reader = TRY(evidence::LedgerReader::open(disk, folder));
    const std::uint64_t old_size = cosigned_size(TRY(reader->checkpoints()), options.witness);
    evidence::Checkpoint cosigned = TRY(ask_witness({.url = options.url,
                                                     .witness = options.witness,
                                                     .checkpoint = ledger.sealed(),
                                                     .old_size = old_size,
                                                     .timeout = options.timeout},
                                                    *reader));
    TRY(ledger.add_cosignatures(cosigned));
    return cosigned;
}

void write_to_syslog(const evidence::Checkpoint& checkpoint) {
    ::openlog("mailvigil", LOG_PID, LOG_AUTHPRIV);
    ::syslog(LOG_NOTICE, "%s", render_anchor(checkpoint).c_str());
    ::closelog();
}

}  // namespace mailvigil::app
