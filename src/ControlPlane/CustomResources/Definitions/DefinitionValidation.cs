using System.Text.Json.Nodes;
using Dataplane.ControlPlane.CustomResources.Rules;
using Dataplane.ControlPlane.CustomResources.Schemas;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.CustomResources.Definitions;

/// <summary>What is wrong with a CustomResourceDefinition. Source: apiextensions' validation.</summary>
internal sealed class DefinitionValidation(FieldErrors errors)
{
    private const string Approval = "api-approved.kubernetes.io";
    private const string ApprovalPolicy = "https://github.com/kubernetes/enhancements/pull/1111";
    private static readonly string[] ColumnTypes = ["boolean", "date", "integer", "number", "string"];
    private static readonly string[] ColumnFormats =
        ["binary", "bool", "byte", "date", "date-time", "double", "float", "int32", "int64", "name", "password"];

    /// <summary>What was looked at of the versions: parts that all have are looked at once.</summary>
    private readonly HashSet<string> _checked = new(StringComparer.Ordinal);

    public void Check(JsonObject obj)
    {
        var spec = obj.Object("spec") ?? [];
        var group = spec.Text("group") ?? "";
        var plural = spec.Text("names", "plural") ?? "";
        if (obj.Text("metadata", "name") is { Length: > 0 } name && name != $"{plural}.{group}")
        {
            errors.Invalid("metadata.name", name, "must be spec.names.plural+\".\"+spec.group");
        }

        CheckGroup(obj, group);
        switch (spec.Text("scope"))
        {
            case null or "":
                errors.Required("spec.scope");
                break;
            case "Cluster" or "Namespaced":
                break;
            case var scope:
                errors.NotSupported("spec.scope", scope, "Cluster", "Namespaced");
                break;
        }

        CheckVersions([.. spec.Objects("versions")]);
        CheckNames(spec.Object("names") ?? [], "spec.names");
        CheckConversion(spec);
        if (spec.Boolean("preserveUnknownFields") == true)
        {
            errors.InvalidRaw(
                "spec.preserveUnknownFields", "true",
                "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead");
        }
    }

    private void CheckGroup(JsonObject obj, string group)
    {
        if (group.Length == 0)
        {
            errors.Required("spec.group");
        }
        else if (NameRule.Subdomain.Errors(group).ToArray() is { Length: > 0 } wrong)
        {
            errors.Invalid("spec.group", group, string.Join(",", wrong));
        }
        else if (!group.Contains('.', StringComparison.Ordinal))
        {
            errors.Invalid("spec.group", group, "should be a domain with at least one dot");
        }

        var isProtected = group is "k8s.io" or "kubernetes.io"
            || group.EndsWith(".k8s.io", StringComparison.Ordinal) || group.EndsWith(".kubernetes.io", StringComparison.Ordinal);
        if (!isProtected)
        {
            return;
        }

        var field = $"metadata.annotations[{Approval}]";
        switch (obj.Text("metadata", "annotations", Approval))
        {
            case null or "":
                errors.Required(field, $"protected groups must have approval annotation \"{Approval}\", see {ApprovalPolicy}");
                break;
            case var reason when reason.StartsWith("unapproved", StringComparison.Ordinal) || Uri.IsWellFormedUriString(reason, UriKind.Absolute):
                break;
            case var reason:
                errors.Invalid(
                    field, reason,
                    $"protected groups must have approval annotation \"{Approval}\" with either a URL or a reason starting with \"unapproved\", see {ApprovalPolicy}");
                break;
        }
    }

    private void CheckVersions(IReadOnlyList<JsonObject> versions)
    {
        var common = Common(versions);
        for (var i = 0; i < versions.Count; i++)
        {
            var field = $"spec.versions[{i}]";
            CheckLabel($"{field}.name", versions[i].Text("name") ?? "", "");
            CheckVersion(versions[i], field, common);
        }

        var names = versions.Select(version => JsonValue.Create(version.Text("name")));
        var all = ObjectJson.Text(ObjectJson.Encode(new JsonArray([.. names])));
        if (versions.Select(version => version.Text("name")).Distinct().Count() != versions.Count)
        {
            errors.InvalidRaw("spec.versions", all, "must contain unique version names");
        }

        if (versions.Count(version => version.Boolean("storage") == true) != 1)
        {
            errors.InvalidRaw("spec.versions", all, "must have exactly one version marked as storage version");
        }
    }

    /// <param name="version">One of the versions.</param>
    /// <param name="field">Where it stands.</param>
    /// <param name="common">Parts that are the same in all versions: upstream knows these once, by the names they had in v1beta1.</param>
    private void CheckVersion(JsonObject version, string field, IReadOnlySet<string> common)
    {
        if (version.Object("schema", "openAPIV3Schema") is { } schema)
        {
            CheckSchema(schema, common.Contains("schema") ? "spec.validation.openAPIV3Schema" : $"{field}.schema.openAPIV3Schema");
        }
        else
        {
            errors.Required($"{field}.schema.openAPIV3Schema", "schemas are required");
        }

        if (version.Text("deprecationWarning") is not null && version.Boolean("deprecated") != true)
        {
            errors.Invalid($"{field}.deprecationWarning", version.Text("deprecationWarning")!, "can only be set for deprecated versions");
        }

        if (Place("subresources") is { } subresources)
        {
            CheckScale(version.Object("subresources", "scale"), $"{subresources}.scale");
        }

        if (Place("additionalPrinterColumns") is { } columns)
        {
            var index = 0;
            foreach (var column in version.Objects("additionalPrinterColumns"))
            {
                CheckColumn(column, $"{columns}[{index++}]");
            }
        }

        if (Place("selectableFields") is { } selectable)
        {
            SelectableFields.Check(version, selectable, errors);
        }

        // Null for what was looked at with another version.
        string? Place(string part) => !common.Contains(part) ? $"{field}.{part}" : _checked.Add(part) ? $"spec.{part}" : null;
    }

    private void CheckSchema(JsonObject schema, string field)
    {
        if (!_checked.Add(field))
        {
            return;
        }

        var before = errors.All.Count;
        new SchemaRules(errors).Check(schema, field);
        new StructuralRules(errors).Check(schema, field);
        if (errors.All.Count == before)
        {
            var parsed = StructuralSchema.Parse(schema);
            DefaultRules.Check(parsed, field, errors);
            new RuleChecks(errors).Check(parsed, field);
        }
    }

    private static HashSet<string> Common(IReadOnlyList<JsonObject> versions) =>
        [.. new[] { "schema", "subresources", "additionalPrinterColumns", "selectableFields" }
            .Where(part => versions.All(version => JsonNode.DeepEquals(version[part], versions[0][part])))];

    private void CheckColumn(JsonObject column, string field)
    {
        if (column.Text("name") is null or "")
        {
            errors.Required($"{field}.name");
        }

        switch (column.Text("type"))
        {
            case null or "":
                errors.Required($"{field}.type", $"must be one of {string.Join(",", ColumnTypes)}");
                break;
            case var type when !ColumnTypes.Contains(type):
                errors.Invalid($"{field}.type", type, $"must be one of {string.Join(",", ColumnTypes)}");
                break;
        }

        if (column.Text("format") is { Length: > 0 } format && !ColumnFormats.Contains(format))
        {
            errors.Invalid($"{field}.format", format, $"must be one of {string.Join(",", ColumnFormats)}");
        }

        CheckPath(column.Text("jsonPath"), $"{field}.jsonPath", under: null);
    }

    private void CheckScale(JsonObject? scale, string field)
    {
        if (scale is null)
        {
            return;
        }

        CheckPath(scale.Text("specReplicasPath"), $"{field}.specReplicasPath", ".spec.");
        CheckPath(scale.Text("statusReplicasPath"), $"{field}.statusReplicasPath", ".status.");
        if (scale.Text("labelSelectorPath") is { Length: > 0 } selector && !selector.StartsWith(".spec.", StringComparison.Ordinal))
        {
            CheckPath(selector, $"{field}.labelSelectorPath", ".status.", "should be a json path under either .spec or .status");
        }
    }

    private void CheckPath(string? path, string field, string? under, string? detail = null)
    {
        if (string.IsNullOrEmpty(path))
        {
            errors.Required(field);
        }
        else if (path[0] != '.')
        {
            errors.Invalid(field, path, "must be a simple json path starting with .");
        }
        else if (under is not null && !path.StartsWith(under, StringComparison.Ordinal))
        {
            errors.Invalid(field, path, detail ?? $"should be a json path under {under.TrimEnd('.')}");
        }
    }

    private void CheckNames(JsonObject names, string field)
    {
        foreach (var name in new[] { "plural", "singular", "kind", "listKind" })
        {
            if (names.Text(name) is not { Length: > 0 } value)
            {
                errors.Required($"{field}.{name}");
                continue;
            }

            CheckLabel($"{field}.{name}", value, name is "kind" or "listKind" ? "may have mixed case, but should otherwise match: " : "");
        }

        foreach (var list in new[] { "shortNames", "categories" })
        {
            var index = 0;
            foreach (var value in names.Texts(list))
            {
                CheckLabel($"{field}.{list}[{index++}]", value, "");
            }
        }

        if (names.Text("kind") is { Length: > 0 } kind && kind == names.Text("listKind"))
        {
            errors.Invalid($"{field}.listKind", kind, "kind and listKind may not be the same");
        }
    }

    private void CheckLabel(string field, string value, string prefix)
    {
        var wrong = NameRule.Label1035.Errors(prefix.Length > 0 ? value.ToLowerInvariant() : value).ToArray();
        if (wrong.Length > 0)
        {
            errors.Invalid(field, value, prefix + string.Join(",", wrong));
        }
    }

    private void CheckConversion(JsonObject spec)
    {
        switch (spec.Text("conversion", "strategy"))
        {
            case null or "":
                errors.Required("spec.conversion.strategy");
                break;
            case "None" when spec.Object("conversion", "webhook") is not null:
                errors.Forbidden("spec.conversion.webhook", "should not be set when strategy is not set to Webhook");
                break;
            case "None":
                break;
            case "Webhook":
                if (spec.Object("conversion", "webhook", "clientConfig") is null)
                {
                    errors.Required("spec.conversion.webhookClientConfig", "required when strategy is set to Webhook");
                }

                break;
            case var other:
                errors.NotSupported("spec.conversion.strategy", other, "None", "Webhook");
                break;
        }
    }
}
