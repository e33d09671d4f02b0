using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;
using Dataplane.ControlPlane.Security;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Resources.Certificates;

/// <summary>CertificateSigningRequests: who asks is the server's to say, what is asked never changes, the rest is decided.</summary>
internal sealed class CertificateRequestResource : ResourceDescriptor
{
    private const long ShortestSeconds = 600;
    private const string LegacySigner = "kubernetes.io/legacy-unknown";
    private const string Administrators = "system:masters";

    public override ResourceNames Names { get; } =
        new("certificates.k8s.io", "v1", "CertificateSigningRequest", "certificatesigningrequests", "certificatesigningrequest", Namespaced: false)
        {
            ShortNames = ["csr"],
        };

    public override string SchemaName => "certificates.CertificateSigningRequest";

    public override bool HasStatus => true;

    public override bool IsCollected => false;

    public override IReadOnlyList<Subresource> Subresources { get; } =
        [new("approval", "certificates.k8s.io", "v1", "CertificateSigningRequest", "get", "patch", "update")];

    public override IReadOnlyList<string> FieldLabels => ["spec.signerName"];

    public override NameRule NameRule => NameRule.PathSegment;

    public override IReadOnlyList<TableColumn> Columns { get; } =
        [TableColumn.ObjectName, TableColumn.Age, new("SignerName"), new("Requestor"), new("RequestedDuration"), new("Condition")];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
    [
        TableCell.Name(obj), TableCell.Age(obj, now), TableCell.OrNone(obj.Text("spec", "signerName")), obj.Text("spec", "username") ?? "",
        obj.Integer("spec", "expirationSeconds") is { } seconds ? TableCell.Duration(TimeSpan.FromSeconds(seconds)) : "<none>", Condition(obj),
    ];

    public override void Attribute(JsonObject obj, UserInfo user)
    {
        var spec = obj.Ensure("spec");
        foreach (var field in new[] { "username", "uid", "groups", "extra" })
        {
            spec.Remove(field);
        }

        spec["username"] = user.Name;
        if (user.Uid.Length > 0)
        {
            spec["uid"] = user.Uid;
        }

        if (user.Groups.Count > 0)
        {
            spec["groups"] = Texts(user.Groups);
        }

        if (user.Extra.Count > 0)
        {
            spec["extra"] = new JsonObject(user.Extra.Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)Texts(entry.Value))));
        }
    }

    public override void PrepareForUpdate(JsonObject obj, JsonObject old)
    {
        obj.CopyField(old, "spec");
        obj.CopyField(old, "status");
    }

    public override void PrepareForStatusUpdate(JsonObject obj, JsonObject old)
    {
        base.PrepareForStatusUpdate(obj, old);

        // Whether it is approved is said through the other subresource.
        ApprovalDecision.KeepDecisions(obj, old);
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec") ?? [];
        if (Problem(spec.Text("request") ?? "") is { } problem)
        {
            errors.InvalidRaw("spec.request", GoBytes(spec.Text("request") ?? ""), problem);
        }

        var usages = spec.Texts("usages").ToArray();
        if (usages.Length == 0)
        {
            errors.Required("spec.usages");
        }

        for (var i = 0; i < usages.Length; i++)
        {
            if (!CertificateUsages.All.Contains(usages[i]))
            {
                errors.NotSupported($"spec.usages[{i}]", usages[i], [.. CertificateUsages.All.Order(StringComparer.Ordinal)]);
            }
            else if (usages.AsSpan(0, i).Contains(usages[i]))
            {
                errors.Duplicate($"spec.usages[{i}]", usages[i]);
            }
        }

        ValidateSigner(spec.Text("signerName") ?? "", errors);
        if (spec.Integer("expirationSeconds") is { } seconds and < ShortestSeconds)
        {
            errors.Invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 600 seconds (10 minutes)");
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        // Nothing of what is asked for can change; what was valid once stays so.
    }

    public override void ValidateStatusUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        ApprovalDecision.ValidateConditions(obj, errors);
        if (old.Text("status", "certificate") is { Length: > 0 } issued && issued != obj.Text("status", "certificate"))
        {
            errors.Forbidden("status.certificate", "updates may not modify existing certificate content");
        }
    }

    /// <exception cref="StatusException">403: a certificate of the administrators' group, which nobody could take away again.</exception>
    public override void Admit(JsonObject obj, string ns, StoreSnapshot snapshot)
    {
        if (obj.Text("spec", "signerName") is not CertificateSigners.ApiClient || Parse(obj.Text("spec", "request") ?? "") is not { } request)
        {
            return;
        }

        if (CertificateSigners.Organizations(request).Contains(Administrators))
        {
            throw StatusException.Forbidden(
                Names.Qualified, obj.Text("metadata", "name") ?? "", $"use of {CertificateSigners.ApiClient} signer with {Administrators} group is not allowed");
        }
    }

    private static CertificateRequest? Parse(string base64) => CertificateSigners.Parse(Bytes(base64), out _);

    private static string? Problem(string base64) => CertificateSigners.Parse(Bytes(base64), out var problem) is null ? problem : null;

    private static byte[] Bytes(string base64) => Convert.FromBase64String(base64);

    private static string GoBytes(string base64) => $"[]byte{{{string.Join(", ", Bytes(base64).Select(octet => $"0x{octet:x}"))}}}";

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(text => JsonValue.Create(text))]);

    private static void ValidateSigner(string name, FieldErrors errors)
    {
        const string field = "spec.signerName";
        if (name.Length == 0)
        {
            errors.Required(field);
            return;
        }

        if (name == LegacySigner)
        {
            errors.Invalid(field, name, "the legacy signerName is not allowed via this API version");
            return;
        }

        if (name.Split('/') is not [var domain, { Length: > 0 } path])
        {
            errors.Invalid(field, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
            return;
        }

        foreach (var problem in NameRule.Subdomain.Errors(domain).Concat(NameRule.Subdomain.Errors(path)))
        {
            errors.Invalid(field, name, problem);
        }

        if (!domain.Contains('.', StringComparison.Ordinal))
        {
            errors.Invalid(field, domain, "should be a domain with at least two segments separated by dots");
        }
    }

    private static string Condition(JsonObject obj)
    {
        var types = obj.Objects("status", "conditions").Select(condition => condition.Text("type")).ToHashSet(StringComparer.Ordinal);
        var text = new StringBuilder(types.Contains("Denied") ? "Denied" : types.Contains("Approved") ? "Approved" : "Pending");
        if (types.Contains("Failed"))
        {
            text.Append(",Failed");
        }

        return (obj.Text("status", "certificate") is { Length: > 0 } ? text.Append(",Issued") : text).ToString();
    }
}
