using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources;

/// <summary>Secrets. stringData is written into data and not kept.</summary>
internal sealed class SecretResource : ResourceDescriptor
{
    private const string ServiceAccountName = "kubernetes.io/service-account.name";

    public override ResourceNames Names { get; } = new("", "v1", "Secret", "secrets", "secret", Namespaced: true);

    public override string SchemaName => "core.Secret";

    public override IReadOnlyList<string> FieldLabels { get; } = ["type"];

    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.ObjectName, new("Type"), TableColumn.Number("Data"), TableColumn.Age];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
        [TableCell.Name(obj), obj.Text("type") ?? "", obj.Object("data")?.Count ?? 0, TableCell.Age(obj, now)];

    public override void Default(JsonObject obj)
    {
        obj.Default("type", "Opaque");
        foreach (var (key, value) in obj.StringMap("stringData"))
        {
            obj.Ensure("data")[key] = Convert.ToBase64String(Encoding.UTF8.GetBytes(value));
        }

        obj.Remove("stringData");
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var data = obj.StringMap("data");
        if (DataRules.CheckKeys(data, "data", errors, base64: true) > DataRules.MaxBytes)
        {
            errors.InvalidTooLong("data", DataRules.MaxBytes);
        }

        switch (obj.Text("type"))
        {
            case "kubernetes.io/service-account-token":
                if (string.IsNullOrEmpty(obj.StringMap("metadata", "annotations").GetValueOrDefault(ServiceAccountName)))
                {
                    errors.Required($"metadata.annotations[{ServiceAccountName}]");
                }

                break;
            case "kubernetes.io/dockercfg":
                Json(data, ".dockercfg", errors);
                break;
            case "kubernetes.io/dockerconfigjson":
                Json(data, ".dockerconfigjson", errors);
                break;
            case "kubernetes.io/basic-auth" when !data.ContainsKey("username") && !data.ContainsKey("password"):
                errors.Required("data[username]");
                errors.Required("data[password]");
                break;
            case "kubernetes.io/ssh-auth" when string.IsNullOrEmpty(data.GetValueOrDefault("ssh-privatekey")):
                errors.Required("data[ssh-privatekey]");
                break;
            case "kubernetes.io/tls":
                foreach (var key in new[] { "tls.crt", "tls.key" }.Where(key => !data.ContainsKey(key)))
                {
                    errors.Required($"data[{key}]");
                }

                break;
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        if (!obj.FieldEquals(old, "type"))
        {
            errors.Invalid("type", obj.Text("type") ?? "", ValueRules.Immutable);
        }

        ImmutableData.Validate(obj, old, errors, "data");
        Validate(obj, errors);
    }

    private static void Json(Dictionary<string, string> data, string key, FieldErrors errors)
    {
        if (!data.TryGetValue(key, out var value))
        {
            errors.Required($"data[{key}]");
            return;
        }

        try
        {
            using var document = JsonDocument.Parse(Convert.FromBase64String(value));
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return;
            }

            var found = document.RootElement.ValueKind.ToString().ToLowerInvariant();
            errors.Invalid($"data[{key}]", "<secret contents redacted>", $"json: cannot unmarshal {found} into Go value of type map[string]interface {{}}");
        }
        catch (JsonException)
        {
            // The parser's own words would show parts of the secret.
            errors.Invalid($"data[{key}]", "<secret contents redacted>", value.Length == 0 ? "unexpected end of JSON input" : "invalid character in JSON");
        }
    }
}
