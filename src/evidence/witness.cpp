#include "evidence/witness.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

#include "base/base64.h"
#include "base/escape.h"
#include "evidence/layout.h"
#include "evidence/lines.h"

namespace mailvigil::evidence {

namespace {

constexpr std::string_view kOld = "old ";
constexpr std::string_view kRecordSuffix = ".checkpoint";

std::unexpected<Error> malformed(std::string_view what) {
    return fail(ErrorCode::malformed, std::string(what));
}

std::string origin_hash(std::string_view origin) {
    return render_hex(as_text(sha256(origin)));
}

WitnessResponse refusal(int status, std::string_view why) {
    return {.status = status, .body = fmt::format("{}\n", why)};
}

/// The signatures of `checkpoint` by these keys, all of which verify. Absent: one does not, or
/// there is none.
std::optional<std::vector<NoteSignature>> trusted_signatures(const Checkpoint& checkpoint,
                                                             const std::vector<VerifierKey>& keys) {
    std::vector<NoteSignature> trusted;
    for (const VerifierKey& key : keys) {
        if (check(checkpoint.note, key) == SignatureCheck::invalid) {
            return std::nullopt;
        }
        for (const NoteSignature& signature : checkpoint.note.signatures) {
            if (signature.name == key.name && signature.id == key.id) {
                trusted.push_back(signature);
            }
        }
    }
    return trusted.empty() ? std::nullopt : std::optional(std::move(trusted));
}

/// Why the checkpoint does not continue `recorded`; absent: it does. The caller knows that the
/// request speaks of the recorded size.
std::optional<std::string_view> inconsistency(const AddCheckpoint& request,
                                              const TreeHead& recorded) {
    const TreeHead& head = request.checkpoint.head;
    if (verify_consistency(recorded, head, request.path)) {
        return std::nullopt;
    }
    if (head.size == 0) {
        return "the root of the empty tree is another one";
    }
    if (recorded.size == 0) {
        return "from size 0 there is nothing to prove";
    }
    return recorded.size == head.size ? "another root was cosigned for this size"
                                      : "the proof does not lead from the old to the new tree";
}

std::string_view meaning(int status) {
    switch (status) {
        case 400:
            return "it could not read the request";
        case 403:
            return "it knows no key that signed the checkpoint; give it the log key's vkey";
        case 404:
            return "it does not know this ledger's origin; give it the log key's vkey";
        case 422:
            return "the checkpoint does not continue what it cosigned before: one of both "
                   "histories is forged";
        default:
            return "it answered with something that the protocol does not have";
    }
}

Result<Checkpoint> take_cosignature(std::string_view body,
                                    const Checkpoint& checkpoint,
                                    const VerifierKey& witness) {
    const auto is_witness = [&](const NoteSignature& signature) {
        return signature.name == witness.name && signature.id == witness.id;
    };
    Note fresh{.text = checkpoint.note.text, .signatures = {}};
    while (const auto line = take_line(body)) {
        NoteSignature signature = TRY(parse_signature(*line));
        if (is_witness(signature)) {
            fresh.signatures.push_back(std::move(signature));
        }
    }
    if (!body.empty()) {
        return malformed("the witness's response breaks off in a line");
    }
    if (check(fresh, witness) != SignatureCheck::valid) {
        return malformed(fmt::format("the response has no valid cosignature of {}",
                                     escape_for_terminal(witness.name)));
    }
    if (cosignature_time(fresh, witness) == 0) {
        return malformed("the witness's cosignature says no time");
    }
    Checkpoint cosigned = checkpoint;
    std::erase_if(cosigned.note.signatures, is_witness);
    std::ranges::move(fresh.signatures, std::back_inserter(cosigned.note.signatures));
    return cosigned;
}

}  // namespace

Result<AddCheckpoint> parse_add_checkpoint(std::string_view body) {
    if (body.size() > kWitnessBodyBytesMax) {
        return fail(ErrorCode::limit,
                    fmt::format("a request of more than {} bytes", kWitnessBodyBytesMax));
    }
    const auto line = take_line(body);
    const auto old_size =
        line && line->starts_with(kOld) ? parse_decimal(line->substr(kOld.size())) : std::nullopt;
    if (!old_size) {
        return malformed("a request that does not begin with the old size");
    }
    auto path = take_hashes(body, kWitnessPathMax);
    if (!path) {
        return malformed(
            fmt::format("a request whose proof is not at most {} lines of 32 bytes of "
                        "base64 up to an empty one",
                        kWitnessPathMax));
    }
    // Not within the braces below: GCC 12 leaks the path when TRY() returns from there.
    auto checkpoint = TRY(parse_checkpoint(body));
    return AddCheckpoint{
        .old_size = *old_size, .path = std::move(*path), .checkpoint = std::move(checkpoint)};
}

std::string render(const AddCheckpoint& request) {
    std::string body = fmt::format("{}{}\n", kOld, request.old_size);
    for (const Hash& hash : request.path) {
        body += render_hash(hash) + "\n";
    }
    return body + "\n" + render(request.checkpoint);
}

Result<WitnessAnswer> accept_response(int status,
                                      std::string_view body,
                                      const Checkpoint& checkpoint,
                                      const VerifierKey& witness) {
    if (body.size() > kWitnessBodyBytesMax) {
        return malformed("the witness's response is too large");
    }
    if (status == 200) {
        return WitnessAnswer{.retry_from = std::nullopt,
                             .cosigned = TRY(take_cosignature(body, checkpoint, witness))};
    }
    if (status != 409) {
        return fail(ErrorCode::unknown,
                    fmt::format("the witness refused with status {}: {}", status, meaning(status)));
    }
    const auto line = take_line(body);
    const auto size = line && body.empty() ? parse_decimal(*line) : std::nullopt;
    if (!size) {
        return malformed("the witness has another size on record, but does not say which");
    }
    if (*size > checkpoint.head.size) {
        return fail(ErrorCode::unknown,
                    fmt::format("the witness has cosigned {} leaves of this ledger, which has only "
                                "{}: its end is gone, or it was restored from an older copy",
                                *size,
                                checkpoint.head.size));
    }
    return WitnessAnswer{.retry_from = size, .cosigned = {}};
}

TreeHead Witness::Log::head() const {
    return newest ? newest->head : TreeHead{.size = 0, .root = sha256({})};
}

Witness::Witness(Disk& disk, std::string folder, SignerKey key, std::unique_ptr<AppendFile> lock)
    : disk_(&disk), folder_(std::move(folder)), key_(std::move(key)), lock_(std::move(lock)) {}

Result<Witness> Witness::open(Disk& disk,
                              std::string folder,
                              SignerKey key,
                              const std::vector<VerifierKey>& logs) {
    if (key.verifier().type != KeyType::cosignature) {
        return malformed("a witness signs with a key for cosignatures only");
    }
    TRY(make_path(disk, folder));
    TRY(disk.sync_folder(parent_of(folder)));
    auto lock = TRY(disk.lock(folder + "/lock"));
    Witness witness(disk, std::move(folder), std::move(key), std::move(lock));
    for (const VerifierKey& log : logs) {
        if (log.type != KeyType::ed25519) {
            return malformed(fmt::format("the vkey of {} is that of a witness, not of a log",
                                         escape_for_terminal(log.name)));
        }
        witness.logs_[log.name].keys.push_back(log);
    }
    TRY(witness.load_records());
    return witness;
}

Result<void> Witness::load_records() {
    for (auto& [origin, log] : logs_) {
        const std::string path = record_of(origin);
        if (!disk_->exists(path)) {
            continue;
        }
        // A record that we cannot trust must not be taken for an empty one: that would let a log
        // begin a second history.
        auto checkpoint = parse_checkpoint(TRY(read_whole(*disk_, path, kNoteBytesMax)));
        if (!checkpoint || checkpoint->origin != origin ||
            check(checkpoint->note, key_.verifier()) != SignatureCheck::valid) {
            return malformed(fmt::format("{} is no checkpoint of {} that this witness cosigned",
                                         path,
                                         escape_for_terminal(origin)));
        }
        log.newest = std::move(*checkpoint);
    }
    return {};
}

std::string Witness::record_of(std::string_view origin) const {
    return fmt::format("{}/{}{}", folder_, origin_hash(origin), kRecordSuffix);
}

WitnessResponse Witness::add_checkpoint(std::string_view body, Timestamp now) {
    auto request = parse_add_checkpoint(body);
    if (!request) {
        return refusal(400, request.error().message);
    }
    Checkpoint& checkpoint = request->checkpoint;
    const auto found = logs_.find(checkpoint.origin);
    if (found == logs_.end()) {
        return refusal(404, "unknown origin");
    }
    Log& log = found->second;
    auto trusted = trusted_signatures(checkpoint, log.keys);
    if (!trusted) {
        return refusal(403, "no valid signature of a known key of this origin");
    }
    if (request->old_size > checkpoint.head.size) {
        return refusal(400, "the old size is larger than the checkpoint's");
    }
    const TreeHead recorded = log.head();
    if (request->old_size != recorded.size) {
        return {.status = 409,
                .content_type = std::string(kTreeSizeType),
                .body = fmt::format("{}\n", recorded.size)};
    }
    if (const auto why = inconsistency(*request, recorded)) {
        return refusal(422, *why);
    }
    // Whatever else hangs on the note is nobody's word to keep.
    checkpoint.note.signatures = std::move(*trusted);
    auto cosignature = cosign(log, checkpoint, now);
    if (!cosignature) {
        return refusal(500, "the checkpoint could not be recorded");
    }
    return {.status = 200, .body = std::move(*cosignature)};
}

Result<std::string> Witness::cosign(Log& log, const Checkpoint& checkpoint, Timestamp now) {
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    if (seconds <= 0) {
        return fail(ErrorCode::unsupported, "the clock stands before 1970");
    }
    Checkpoint cosigned = checkpoint;
    TRY(sign(cosigned.note, key_, static_cast<std::uint64_t>(seconds)));
    TRY(replace_file(*disk_, folder_, record_of(cosigned.origin), render(cosigned)));
    log.newest = std::move(cosigned);
    return render(log.newest->note.signatures.back());
}

std::optional<std::string> Witness::newest(std::string_view hash) const {
    for (const auto& [origin, log] : logs_) {
        if (log.newest && origin_hash(origin) == hash) {
            return render(*log.newest);
        }
    }
    return std::nullopt;
}

Result<SignerKey> load_witness_key(Disk& disk,
                                   const std::string& folder,
                                   const std::optional<std::string>& name) {
    const std::string path = folder + "/key";
    if (disk.exists(path)) {
        std::string text = TRY(read_whole(disk, path, kKeyFileBytesMax));
        auto key = text.ends_with('\n')
                       ? SignerKey::parse(std::string_view(text).substr(0, text.size() - 1))
                       : Result<SignerKey>(malformed(fmt::format("{} holds no key", path)));
        OPENSSL_cleanse(text.data(), text.size());
        if (key && name && key->verifier().name != *name) {
            return malformed(fmt::format("{} is the key of {}; a witness never changes its name",
                                         path,
                                         escape_for_terminal(key->verifier().name)));
        }
        return key;
    }
    if (!name) {
        return malformed(fmt::format("{} is not there yet: a name says for whom to make it", path));
    }
    auto key = TRY(SignerKey::generate(*name, KeyType::cosignature));
    TRY(disk.make_folder(folder));
    TRY(disk.sync_folder(parent_of(folder)));
    std::string text = key.render_private() + "\n";
    const auto written = replace_file(disk, folder, path, text);
    OPENSSL_cleanse(text.data(), text.size());
    if (!written) {
        return std::unexpected(written.error());
    }
    return key;
}

}  // namespace mailvigil::evidence
