#include "capture/parameters.hpp"

#include "capture/query_text.hpp"
#include "pg/settings.hpp"

namespace elile::capture {
namespace {

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

void AppendValue(StringInfo out, const ParamExternData& parameter) {
    const char* type = format_type_be(parameter.ptype);
    if (parameter.isnull) {
        appendStringInfo(out, "NULL::%s", type);
        return;
    }
    Oid function = InvalidOid;
    bool is_varlena = false;
    getTypeOutputInfo(parameter.ptype, &function, &is_varlena);
    const char* value = OidOutputFunctionCall(function, parameter.value);
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
    for (int at = 0; at < bound; ++at) {
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
        if (value->is_literal) {
            Begin(&out, value->number);
            AppendCut(&out, source + value->begin, value->end - value->begin);
        }
    }
    return out.len > 0 ? out.data : nullptr;
}

}  // namespace elile::capture
