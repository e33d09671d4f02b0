using System.Text.Json.Nodes;
using Dataplane.ControlPlane.CustomResources.Rules;
using Dataplane.ControlPlane.CustomResources.Schemas;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Tests.Http;

namespace Dataplane.ControlPlane.Tests.CustomResources;

/// <summary>x-kubernetes-validations: what a definition may say, and what its objects then must be.</summary>
public sealed class RuleTests
{
    private const string Shown = "Message:\"\", MessageExpression:\"\", Reason:(*apiextensions.FieldValueErrorReason)(nil), FieldPath:\"\", OptionalOldSelf:(*bool)(nil)}";

    public static TheoryData<string, string> WrongRules => new()
    {
        {
            "{type: integer, x-kubernetes-validations: [{rule: self.x > 1}]}",
            $".rule: Invalid value: apiextensions.ValidationRule{{Rule:\"self.x > 1\", {Shown}: compilation failed: ERROR: <input>:1:5: type 'int' does not support field selection\n | self.x > 1\n | ....^"
        },
        { "{type: integer, x-kubernetes-validations: [{rule: self + 1}]}", $".rule: Invalid value: apiextensions.ValidationRule{{Rule:\"self + 1\", {Shown}: cel expression must evaluate to a bool" },
        { "{type: integer, x-kubernetes-validations: [{rule: ' '}]}", ".rule: Required value: rule is not specified" },
        { "{type: integer, x-kubernetes-validations: [{rule: self > 1, message: ' '}]}", ".message: Invalid value: \" \": message must be non-empty if specified" },
        { "{type: integer, x-kubernetes-validations: [{rule: \"self > 1\\n&& true\"}]}", ".message: Required value: message must be specified if rule contains line breaks" },
        { "{type: integer, x-kubernetes-validations: [{rule: self > 1, reason: Bad}]}", ".reason: Unsupported value: \"Bad\": supported values: \"FieldValueDuplicate\"" },
        { "{type: integer, x-kubernetes-validations: [{rule: self > 1, messageExpression: self}]}", "messageExpression must evaluate to a string" },
        { "{type: integer, x-kubernetes-validations: [{rule: self > 1, messageExpression: \"'a' + 1\"}]}", "messageExpression compilation failed: ERROR: <input>:1:5: found no matching overload" },
        { "{type: integer, x-kubernetes-validations: [{rule: self > 1, optionalOldSelf: true}]}", ".optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule" },
        { "{type: object, properties: {a: {type: string}}, x-kubernetes-validations: [{rule: has(self.a), fieldPath: .b}]}", ".fieldPath: Invalid value: \".b\": fieldPath must be a valid path" },
    };

    public static TheoryData<string, string, string?, string[]> Objects => new()
    {
        { "{type: integer, x-kubernetes-validations: [{rule: self > 1}]}", "2", null, [] },
        { "{type: integer, x-kubernetes-validations: [{rule: self > 1}]}", "1", null, ["v: Invalid value: \"integer\": failed rule: self > 1"] },
        { "{type: integer, x-kubernetes-validations: [{rule: self > 1, message: too small}]}", "1", null, ["v: Invalid value: \"integer\": too small"] },
        {
            "{type: integer, x-kubernetes-validations: [{rule: self > 1, messageExpression: \"'%d is too small'.format([self])\", reason: FieldValueForbidden}]}",
            "1", null, ["v: Forbidden: 1 is too small"]
        },
        {
            "{type: integer, x-kubernetes-validations: [{rule: self > 1, message: m, messageExpression: \"string(1 / (self - 1))\"}]}",
            "1", null, ["v: Invalid value: \"integer\": m"]
        },
        {
            "{type: object, properties: {a: {type: string}}, x-kubernetes-validations: [{rule: self.a == 'x', fieldPath: .a, reason: FieldValueRequired}]}",
            "{a: y}", null, ["v.a: Required value: failed rule: self.a == 'x'"]
        },
        { "{type: object, properties: {a: {type: string}}, x-kubernetes-validations: [{rule: self.a == 'x'}]}", "{}", null, ["v: Invalid value: \"object\": no such key: a evaluating rule: self.a == 'x'"] },
        { "{type: string, x-kubernetes-validations: [{rule: self == oldSelf, message: immutable}]}", "a", null, [] },
        { "{type: string, x-kubernetes-validations: [{rule: self == oldSelf, message: immutable}]}", "a", "b", ["v: Invalid value: \"string\": immutable"] },
        { "{type: string, x-kubernetes-validations: [{rule: \"oldSelf.hasValue() || self == 'first'\", optionalOldSelf: true}]}", "a", null, ["v: Invalid value: \"string\": failed rule: oldSelf.hasValue() || self == 'first'"] },
        { "{type: string, x-kubernetes-validations: [{rule: \"oldSelf.hasValue() || self == 'first'\", optionalOldSelf: true}]}", "a", "b", [] },
        { "{type: array, items: {type: integer, x-kubernetes-validations: [{rule: self > 1}]}}", "[2, 1, 0]", null, ["v[1]: Invalid value: \"integer\": failed rule: self > 1", "v[2]: Invalid value: \"integer\": failed rule: self > 1"] },
        { "{type: object, additionalProperties: {type: integer, x-kubernetes-validations: [{rule: self > 1}]}}", "{k: 0}", null, ["v[k]: Invalid value: \"integer\": failed rule: self > 1"] },
        {
            "{type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [k], items: {type: object, required: [k], properties: {k: {type: string}, n: {type: integer, x-kubernetes-validations: [{rule: self >= oldSelf}]}}}}",
            "[{k: b, n: 1}, {k: a, n: 1}]", "[{k: a, n: 2}, {k: b, n: 0}]", ["v[1].n: Invalid value: \"integer\": failed rule: self >= oldSelf"]
        },

        // What is as it was may stay wrong, unless the rule is about the change.
        { "{type: integer, x-kubernetes-validations: [{rule: self > 1}]}", "1", "1", [] },
        { "{type: integer, x-kubernetes-validations: [{rule: self > 1}]}", "0", "1", ["v: Invalid value: \"integer\": failed rule: self > 1"] },
        { "{type: array, items: {type: integer, x-kubernetes-validations: [{rule: self > 1}]}}", "[1]", "[1]", [] },
        { "{type: array, items: {type: integer, x-kubernetes-validations: [{rule: self > 1}]}}", "[1, 2]", "[1]", ["v[0]: Invalid value: \"integer\": failed rule: self > 1"] },
        { "{type: integer, x-kubernetes-validations: [{rule: self > oldSelf}]}", "1", "1", ["v: Invalid value: \"integer\": failed rule: self > oldSelf"] },
    };

    [Theory]
    [MemberData(nameof(WrongRules))]
    public void ARuleThatIsWrongIsToldHow(string schema, string error)
    {
        var errors = new FieldErrors();
        new RuleChecks(errors).Check(StructuralSchema.Parse(Whole(schema)), "s");
        Assert.Contains(error, Assert.Single(errors.All).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void ARuleAboutTheValueBeforeNeedsOneThatCanBeFound()
    {
        var errors = new FieldErrors();
        new RuleChecks(errors).Check(
            StructuralSchema.Parse(Whole("{type: array, items: {type: string, x-kubernetes-validations: [{rule: self == oldSelf}]}}")), "s");
        Assert.Equal(
            "s.properties[v].items.x-kubernetes-validations[0].rule: Invalid value: \"self == oldSelf\": oldSelf cannot be used on the uncorrelatable portion of the schema within s.properties[v]",
            Assert.Single(errors.All).ToString());
    }

    [Theory]
    [MemberData(nameof(Objects))]
    public void AnObjectIsHeldToItsRules(string schema, string value, string? old, string[] expected)
    {
        var errors = new FieldErrors();
        var rules = RuleTree.Of(StructuralSchema.Parse(Whole(schema)), isResource: true)!;
        RuleValidation.Validate(rules, TestDefinition.Parse($"{{v: {value}}}"), old is null ? null : TestDefinition.Parse($"{{v: {old}, other: 1}}"), errors);
        Assert.Equal(expected, errors.All.Select(error => error.ToString()));
    }

    [Fact]
    public void RulesThatCostTooMuchAreEnded()
    {
        const string rule = "self.all(a, self.all(b, self.all(c, a + b + c >= 0)))";
        var errors = new FieldErrors();
        var rules = RuleTree.Of(StructuralSchema.Parse(Whole($"{{type: array, items: {{type: integer}}, x-kubernetes-validations: [{{rule: '{rule}'}}, {{rule: 'false'}}]}}")), isResource: true)!;
        RuleValidation.Validate(rules, new JsonObject { ["v"] = new JsonArray([.. Enumerable.Range(0, 200).Select(i => JsonValue.Create(i))]) }, null, errors);
        Assert.Equal(
            $"v: Invalid value: \"array\": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: {rule}",
            Assert.Single(errors.All).ToString());
    }

    [Fact]
    public async Task RulesAreCheckedOverTheWire()
    {
        await using var server = await RawServer.StartAsync();
        using (var refused = await server.SendAsync(HttpMethod.Post, TestDefinition.Path, body: Definition("self.min <= self.maxx"), type: "application/yaml"))
        {
            Assert.Equal(422, (int)refused.StatusCode);
            Assert.Contains(
                "spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule: Invalid value: apiextensions.ValidationRule{Rule:\\\"self.min <= self.maxx\\\"",
                await refused.Content.ReadAsStringAsync(RawServer.Cancellation),
                StringComparison.Ordinal);
        }

        await server.WriteAsync(HttpMethod.Post, TestDefinition.Path, Definition("self.min <= self.max"), "application/yaml");
        await server.UntilAsync($"{TestDefinition.Path}/ranges.rules.example.org", definition => TestDefinition.Condition(definition, "Established", "True") is not null);
        await server.WriteAsync(HttpMethod.Post, "/apis/rules.example.org/v1/ranges", Range("{min: 1, max: 2}"), "application/yaml");
        Assert.Equal(
            "Range.rules.example.org \"one\" is invalid: spec: Invalid value: \"object\": failed rule: self.min <= self.max",
            await RefusalAsync(HttpMethod.Put, "/apis/rules.example.org/v1/ranges/one", Range("{min: 3, max: 2}"), server));
        Assert.Equal(
            "Range.rules.example.org \"one\" is invalid: [spec.max: Required value, <nil>: Invalid value: \"null\": some validation rules were not checked because the object was invalid; correct the existing errors to complete validation]",
            await RefusalAsync(HttpMethod.Put, "/apis/rules.example.org/v1/ranges/one", Range("{min: 3}"), server));
    }

    private static async Task<string?> RefusalAsync(HttpMethod method, string path, string body, RawServer server)
    {
        using var answer = await server.SendAsync(method, path, body: body, type: "application/yaml");
        Assert.Equal(422, (int)answer.StatusCode);
        return (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync(RawServer.Cancellation))!["message"];
    }

    private static JsonObject Whole(string schema) => TestDefinition.Parse($"{{type: object, properties: {{v: {schema}}}}}");

    private static string Range(string spec) => $"{{apiVersion: rules.example.org/v1, kind: Range, metadata: {{name: one}}, spec: {spec}}}";

    private static string Definition(string rule) => $$$"""
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: ranges.rules.example.org}
        spec:
          group: rules.example.org
          scope: Cluster
          names: {plural: ranges, kind: Range}
          versions:
          - name: v1
            served: true
            storage: true
            schema:
              openAPIV3Schema:
                type: object
                properties:
                  spec:
                    type: object
                    required: [min, max]
                    properties: {min: {type: integer}, max: {type: integer}}
                    x-kubernetes-validations: [{rule: '{{{rule}}}'}]
        """;
}
