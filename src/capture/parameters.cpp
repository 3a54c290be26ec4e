#include "capture/parameters.hpp"

#include "capture/query_text.hpp"
#include "core/shared/text_pool.hpp"
#include "pg/settings.hpp"

namespace elile::capture {
namespace {

// A larger value is not rendered, unless it is a text: of that only the beginning is. Rendering 100
// MB takes the larger part of a second without a look for an interrupt.
constexpr Size kMostValueBytes = 262144;

void AppendCut(StringInfo out, const char* value, int length) {
    const int most = pg::Settings::log_parameter_max_length;
    if (length <= most) {
        appendBinaryStringInfo(out, value, length);
    } else {
        appendBinaryStringInfo(out, value, pg_mbcliplen(value, length, most));
        appendStringInfoString(out, "...");
    }
}

void Begin(StringInfo out, int number) {
    appendStringInfo(out, "%s$%d = ", out->len > 0 ? ", " : "", number);
}

bool IsText(Oid type) { return type == TEXTOID || type == VARCHAROID || type == BPCHAROID; }

// True when the text is as long as the store keeps.
bool IsFull(const StringInfoData& out) {
    CHECK_FOR_INTERRUPTS();
    return out.len > static_cast<int>(core::kMaxDetailBytes);
}

void AppendValue(StringInfo out, const ParamExternData& parameter) {
    const char* type = format_type_be(parameter.ptype);
    if (parameter.isnull) {
        appendStringInfo(out, "NULL::%s", type);
        return;
    }
    Oid function = InvalidOid;
    bool is_varlena = false;
    getTypeOutputInfo(parameter.ptype, &function, &is_varlena);
    Datum datum = parameter.value;
    const Size bytes = is_varlena ? toast_raw_datum_size(datum) : 0;
    if (bytes > kMostValueBytes && !IsText(parameter.ptype)) {
        appendStringInfo(out, "(%zu bytes)::%s", bytes, type);
        return;
    }
    if (bytes > kMostValueBytes) {
        const int shown = pg::Settings::log_parameter_max_length;
        datum = PointerGetDatum(PG_DETOAST_DATUM_SLICE(datum, 0, shown + MAX_MULTIBYTE_CHAR_LEN));
    }
    const char* value = OidOutputFunctionCall(function, datum);
    appendStringInfoChar(out, '\'');
    AppendCut(out, value, static_cast<int>(strlen(value)));
    appendStringInfo(out, "'::%s", type);
}

}  // namespace

const char* DescribeParameters(ParamListInfo parameters, const char* source, int location,
                               int length) {
    StringInfoData out;
    initStringInfo(&out);
    const int bound = parameters != nullptr ? parameters->numParams : 0;
    for (int at = 0; at < bound && !IsFull(out); ++at) {
        ParamExternData fetched;
        const ParamExternData* parameter =
            parameters->paramFetch != nullptr
                ? parameters->paramFetch(parameters, at + 1, false, &fetched)
                : &parameters->params[at];
        if (OidIsValid(parameter->ptype)) {
            Begin(&out, at + 1);
            AppendValue(&out, *parameter);
        }
    }
    const Values values = FindValues(source, location, length);
    for (const Value* value = values.list; value != values.list + values.count; ++value) {
        if (value->is_literal && !IsFull(out)) {
            Begin(&out, value->number);
            AppendCut(&out, source + value->begin, value->end - value->begin);
        }
    }
    return out.len > 0 ? out.data : nullptr;
}

}  // namespace elile::capture
