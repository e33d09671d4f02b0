using System.Collections.Concurrent;
using System.Globalization;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>
/// Reads the Accept header: the best clause by its q that can be served, the first of equals. Clients send the same few headers again
/// and again; what they mean is kept.
/// </summary>
internal static class AcceptHeader
{
    private const int MostKept = 256;
    private static readonly ConcurrentDictionary<(string Accept, bool Custom), ResponseForm?> Known = new();

    /// <exception cref="StatusException">406 when no clause can be served.</exception>
    public static ResponseForm Form(ApiRequest request)
    {
        var accept = request.Http.Request.Headers.Accept.ToString();
        var custom = request.Descriptor.IsCustom;
        if (!Known.TryGetValue((accept, custom), out var form))
        {
            form = Read(accept, custom);
            if (Known.Count < MostKept)
            {
                Known[(accept, custom)] = form;
            }
        }

        return form ?? throw StatusException.NotAcceptable(custom
            ? "application/json, application/yaml"
            : "application/json, application/yaml, application/vnd.kubernetes.protobuf");
    }

    /// <summary>The encoding for what is no object of a kind (a Status, a Scale); JSON when nothing fits.</summary>
    public static ResponseEncoding Encoding(HttpContext http) =>
        Read(http.Request.Headers.Accept.ToString(), custom: false)?.Encoding ?? ResponseEncoding.Json;

    /// <returns>Null when no clause can be served.</returns>
    internal static ResponseForm? Read(string accept, bool custom)
    {
        if (accept.Length == 0)
        {
            return default(ResponseForm);
        }

        var clauses = accept.Split(',', StringSplitOptions.TrimEntries).Select(clause => clause.Split(';', StringSplitOptions.TrimEntries));
        foreach (var clause in clauses.Where(clause => Quality(clause) > 0).OrderByDescending(Quality))
        {
            if (Clause(clause, custom) is { } form)
            {
                return form;
            }
        }

        return null;
    }

    private static ResponseForm? Clause(string[] clause, bool custom)
    {
        ResponseEncoding? encoding = clause[0] switch
        {
            "application/json" or "*/*" or "application/*" => ResponseEncoding.Json,
            "application/yaml" => ResponseEncoding.Yaml,
            ProtobufDecoder.MediaType => ResponseEncoding.Protobuf,
            _ => null,
        };
        ResponseShape? shape = Parameter(clause, "as") switch
        {
            null => ResponseShape.Object,
            "Table" when IsMeta(clause) => ResponseShape.Table,
            "PartialObjectMetadata" or "PartialObjectMetadataList" when IsMeta(clause) => ResponseShape.PartialMetadata,
            _ => null,
        };

        // Tables have no protobuf form; custom resources have one of their metadata only.
        var hasForm = encoding != ResponseEncoding.Protobuf || shape == ResponseShape.PartialMetadata || (shape == ResponseShape.Object && !custom);
        return encoding is { } known && shape is { } given && hasForm ? new ResponseForm(known, given) : null;
    }

    private static bool IsMeta(string[] clause) => Parameter(clause, "g") == "meta.k8s.io" && Parameter(clause, "v") is null or "v1" or "v1beta1";

    private static double Quality(string[] clause) =>
        Parameter(clause, "q") is { } text && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var quality) ? quality : 1;

    private static string? Parameter(string[] clause, string name)
    {
        foreach (var part in clause.AsSpan(1))
        {
            if (part.Length > name.Length && part[name.Length] == '=' && part.StartsWith(name, StringComparison.Ordinal))
            {
                return part[(name.Length + 1)..];
            }
        }

        return null;
    }
}
