using System.Text.Json.Nodes;
using Dataplane.ControlPlane.CustomResources.Definitions;
using Dataplane.ControlPlane.Machinery.Errors;

namespace Dataplane.ControlPlane.Tests.CustomResources;

/// <summary>What is wrong with definitions, and which names they get.</summary>
public sealed class DefinitionTests
{
    private static readonly DefinitionResource Resource = new(TimeProvider.System);

    public static TheoryData<string, string, string> Wrong => new()
    {
        { "spec.group", "'nodots'", "spec.group: Invalid value: \"nodots\": should be a domain with at least one dot" },
        { "spec.scope", "Galaxy", "spec.scope: Unsupported value: \"Galaxy\": supported values: \"Cluster\", \"Namespaced\"" },
        { "spec.names.plural", "gadgets", "metadata.name: Invalid value: \"widgets.example.com\": must be spec.names.plural+\".\"+spec.group" },
        { "spec.names.kind", "'a_b'", "spec.names.kind: Invalid value: \"a_b\": may have mixed case, but should otherwise match: a DNS-1035 label" },
        { "spec.names.listKind", "Widget", "spec.names.listKind: Invalid value: \"Widget\": kind and listKind may not be the same" },
        { "spec.versions.1.storage", "false", "spec.versions: Invalid value: [\"v1beta1\",\"v1\"]: must have exactly one version marked as storage version" },
        { "spec.versions.0.name", "v1", "spec.versions: Invalid value: [\"v1\",\"v1\"]: must contain unique version names" },
        { "spec.versions.1.schema", "{}", "spec.versions[1].schema.openAPIV3Schema: Required value: schemas are required" },
        { "spec.conversion", "{strategy: Magic}", "spec.conversion.strategy: Unsupported value: \"Magic\": supported values: \"None\", \"Webhook\"" },
        { "spec.preserveUnknownFields", "true", "spec.preserveUnknownFields: Invalid value: true: cannot set to true" },
        {
            "spec.versions.1.additionalPrinterColumns.0.type", "colour",
            "spec.versions[1].additionalPrinterColumns[0].type: Invalid value: \"colour\": must be one of boolean,date,integer,number,string"
        },
        {
            "spec.versions.1.subresources.scale.specReplicasPath", ".status.replicas",
            "spec.versions[1].subresources.scale.specReplicasPath: Invalid value: \".status.replicas\": should be a json path under .spec"
        },
        { "spec.versions.1.selectableFields.0.jsonPath", ".spec.tags", "must point to a field of type string, boolean or integer" },
    };

    public static TheoryData<string, string> WrongSchemas => new()
    {
        { "{}", ": Required value: must not be empty at the root" },
        { "{type: array, items: {type: string}}", ".type: Invalid value: \"array\": must be object at the root" },
        { "{type: object, properties: {a: {}}}", ".properties[a].type: Required value: must not be empty for specified object fields" },
        { "{type: object, properties: {a: {type: array}}}", ".properties[a].items: Required value: must be specified" },
        { "{type: object, properties: {a: {type: text}}}", ".properties[a].type: Unsupported value: \"text\"" },
        { "{type: object, $ref: '#/x'}", ".$ref: Forbidden: $ref is not supported" },
        { "{type: object, additionalProperties: {type: string}}", ".additionalProperties: Forbidden: must not be used at the root" },
        {
            "{type: object, anyOf: [{properties: {a: {minimum: 1}}}]}",
            ".properties[a]: Required value: because it is defined in spec.versions[1].schema.openAPIV3Schema.anyOf[0].properties[a]"
        },
        { "{type: object, properties: {a: {type: string}}, allOf: [{type: object}]}", ".allOf[0].type: Forbidden: must be empty to be structural" },
        { "{type: object, properties: {a: {type: string, pattern: '('}}}", ".properties[a].pattern: Invalid value: \"(\": must be a valid regular expression" },
        { "{type: object, properties: {a: {type: integer, default: x}}}", ".properties[a].default: Invalid value: \"string\"" },
        { "{type: object, properties: {metadata: {type: object, properties: {labels: {type: object}}}}}", "must not specify anything other than name and generateName" },
        {
            "{type: object, properties: {a: {type: array, x-kubernetes-list-type: map, items: {type: object}}}}",
            ".properties[a].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map"
        },
        {
            "{type: object, properties: {a: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [k], items: {type: object, properties: {k: {type: string}}}}}}",
            "so it must have a default or be a required property"
        },
        { "{type: object, properties: {a: {type: object, x-kubernetes-preserve-unknown-fields: false}}}", "must be true or undefined" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void ADefinitionThatIsWrongIsToldHow(string field, string value, string error)
    {
        var definition = TestDefinition.Document();
        var path = field.Split('.');
        JsonNode node = definition;
        foreach (var step in path[..^1])
        {
            node = node is JsonArray list ? list[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)]! : node[step]!;
        }

        node[path[^1]] = TestDefinition.Parse($"{{v: {value}}}")["v"]?.DeepClone();
        Assert.Contains(Errors(definition), found => found.Contains(error, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(WrongSchemas))]
    public void ASchemaThatIsNotStructuralIsToldHow(string schema, string error)
    {
        var definition = TestDefinition.Document();
        var version = (JsonObject)definition["spec"]!["versions"]![1]!;
        version.Remove("selectableFields");
        version["schema"]!["openAPIV3Schema"] = TestDefinition.Parse(schema);
        Assert.Contains(Errors(definition), found => found.Contains(error, StringComparison.Ordinal));
    }

    [Fact]
    public void TheDefinitionOfTheTestsIsRight() => Assert.Empty(Errors(TestDefinition.Document()));

    [Fact]
    public void ASecondDefinitionDoesNotGetTheNamesOfTheFirst()
    {
        var first = new Definition(DefinitionStatus.Of(Defaulted(TestDefinition.Document()), [], DateTimeOffset.UnixEpoch));
        var second = TestDefinition.Document();
        second["metadata"]!["name"] = "gadgets.example.com";
        second["spec"]!["names"] = TestDefinition.Parse("{plural: gadgets, kind: Gadget, shortNames: [wd]}");
        var status = DefinitionStatus.Of(Defaulted(second), [first], DateTimeOffset.UnixEpoch)["status"]!;
        Assert.True(first.IsEstablished);
        Assert.Equal("gadgets", (string?)status["acceptedNames"]!["plural"]);
        Assert.Null(status["acceptedNames"]!["shortNames"]);
        Assert.Equal("ShortNamesConflict \"wd\" is already in use", $"{status["conditions"]![0]!["reason"]} {status["conditions"]![0]!["message"]}");
        Assert.Equal("Established False NotAccepted", string.Join(" ", new[] { "type", "status", "reason" }.Select(part => status["conditions"]![1]![part])));
    }

    [Fact]
    public void VersionsAreOrderedAsKubernetesOrdersThem() => Assert.Equal(
        "v10,v2,v1,v11beta2,v10beta3,v3beta1,v12alpha1,v11alpha2,foo1,foo10",
        string.Join(",", "foo10,v1,v11alpha2,v3beta1,v2,foo1,v12alpha1,v11beta2,v10,v10beta3".Split(',').OrderByDescending(version => version, VersionOrder.Instance)));

    private static JsonObject Defaulted(JsonObject definition)
    {
        Resource.Default(definition);
        return definition;
    }

    private static IEnumerable<string> Errors(JsonObject definition)
    {
        var errors = new FieldErrors();
        Resource.Validate(Defaulted(definition), errors);
        return errors.All.Select(error => error.ToString());
    }
}
