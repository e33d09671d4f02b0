using Dataplane.ControlPlane.CustomResources.Schemas;

namespace Dataplane.ControlPlane.Tests.CustomResources;

/// <summary>What a structural schema does to objects: pruning, defaulting, validation.</summary>
public sealed class SchemaTests
{
    private static readonly StructuralSchema Schema = StructuralSchema.Parse(TestDefinition.Schema());

    [Theory]
    [InlineData("{apiVersion: a/v1, kind: K, metadata: {name: x}, spec: {color: red, odd: 1}, more: {}}", "more,spec.odd")]
    [InlineData("{spec: {ports: [{port: 1, odd: 1}], limits: {any: x}}}", "spec.ports[0].odd")]
    [InlineData("{spec: {free: {any: {thing: [1]}}}}", "")]
    [InlineData("{spec: {template: {apiVersion: v1, kind: X, metadata: {}, other: 1}}}", "")]
    [InlineData("{spec: {limits: {a: {b: 1}}}}", "spec.limits.a.b")]
    public void FieldsTheSchemaDoesNotHaveGo(string obj, string pruned) =>
        Assert.Equal(pruned, string.Join(",", Pruning.Prune(TestDefinition.Parse(obj), Schema)));

    [Theory]
    [InlineData("{spec: {}}", """{"spec":{"replicas":1}}""")]
    [InlineData("{spec: {replicas: 5}}", """{"spec":{"replicas":5}}""")]
    [InlineData("{spec: {replicas: null}}", """{"spec":{"replicas":1}}""")]
    [InlineData("{spec: {name: null, color: null}}", """{"spec":{"name":null,"replicas":1}}""")]
    [InlineData("{spec: {ports: [{port: 1}]}}", """{"spec":{"ports":[{"port":1,"protocol":"TCP"}],"replicas":1}}""")]
    [InlineData("{}", "{}")]
    public void DefaultsFillWhatIsAbsent(string obj, string expected)
    {
        var defaulted = TestDefinition.Parse(obj);
        Defaulting.Apply(defaulted, Schema);
        Assert.Equal(expected, defaulted.ToJsonString());
    }

    [Theory]
    [InlineData("{spec: {}}", "spec.color: Required value")]
    [InlineData("{spec: {color: pink}}", "spec.color: Unsupported value: \"pink\": supported values: \"red\", \"green\", \"blue\"")]
    [InlineData("{spec: {color: 3}}", "spec.color: Invalid value: \"integer\": spec.color in body must be of type string: \"integer\"")]
    [InlineData("{spec: {color: red, replicas: 11}}", "spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10")]
    [InlineData("{spec: {color: red, replicas: -1}}", "spec.replicas: Invalid value: -1: spec.replicas in body should be greater than or equal to 0")]
    [InlineData("{spec: {color: red, replicas: 1.5}}", "spec.replicas: Invalid value: \"number\": spec.replicas in body must be of type integer: \"number\"")]
    [InlineData("{spec: {color: red, name: Ab}}", "spec.name: Invalid value: \"Ab\": spec.name in body should match '^[a-z]+$'")]
    [InlineData("{spec: {color: red, name: abcdef}}", "spec.name: Too long: may not be more than 5 bytes")]
    [InlineData("{spec: {color: red, name: null}}", "")]
    [InlineData("{spec: {color: red, size: 3}}", "")]
    [InlineData("{spec: {color: red, size: 3%}}", "")]
    [InlineData("{spec: {color: red, size: true}}", "spec.size: Invalid value: \"boolean\": spec.size in body must be of type integer,string: \"boolean\"")]
    [InlineData("{spec: {color: red, tags: [a, b, a]}}", "spec.tags[2]: Duplicate value: \"a\"")]
    [InlineData("{spec: {color: red, ports: [{port: 1}, {port: 1, protocol: TCP}]}}", "spec.ports[1]: Duplicate value: map[string]interface {}{\"port\":1, \"protocol\":\"TCP\"}")]
    [InlineData("{spec: {color: red, ports: [{port: 1}, {port: 2}, {port: 3}, {port: 4}]}}", "spec.ports: Too many: 4: must have at most 3 items")]
    [InlineData("{spec: {color: red, ports: [{protocol: UDP}]}}", "spec.ports[0].port: Required value")]
    [InlineData("{spec: {color: red, since: yesterday}}", "spec.since: Invalid value: \"yesterday\": spec.since in body must be of type date-time: \"yesterday\"")]
    [InlineData("{spec: {color: red, since: '2026-01-02T03:04:05Z'}}", "")]
    [InlineData("{spec: {color: red, template: {kind: X}}}", "spec.template.apiVersion: Required value: must not be empty")]
    public void ValidationSpeaksUpstreamsWords(string obj, string errors) =>
        Assert.Equal(errors, string.Join("; ", SchemaValidation.Validate(TestDefinition.Parse(obj), Schema)));

    [Theory]
    [InlineData("{oneOf: [{required: [a]}, {required: [b]}]}", "{}", "\"\" must validate one and only one schema (oneOf). Found none valid")]
    [InlineData("{oneOf: [{required: [a]}, {required: [b]}]}", "{a: 1, b: 1}", "\"\" must validate one and only one schema (oneOf). Found 2 valid alternatives")]
    [InlineData("{anyOf: [{required: [a]}, {required: [b]}]}", "{}", "\"\" must validate at least one schema (anyOf)")]
    [InlineData("{allOf: [{required: [a]}]}", "{}", "\"\" must validate all the schemas (allOf)")]
    [InlineData("{not: {required: [a]}}", "{a: 1}", "\"\" must not validate the schema (not)")]
    public void JunctorsNameTheWhole(string schema, string obj, string error) => Assert.Contains(
        SchemaValidation.Validate(TestDefinition.Parse(obj), StructuralSchema.Parse(TestDefinition.Parse(schema))),
        found => found.Field == "<nil>" && found.Text.EndsWith(error, StringComparison.Ordinal));

    [Theory]
    [InlineData("ipv4", "10.0.0.1", "10.0.0")]
    [InlineData("ipv6", "::1", "10.0.0.1")]
    [InlineData("cidr", "10.0.0.0/8", "10.0.0.0/33")]
    [InlineData("uuid", "11111111-2222-3333-4444-555555555555", "1111")]
    [InlineData("email", "a@example.com", "a")]
    [InlineData("date", "2026-02-28", "2026-02-30")]
    [InlineData("duration", "1h30m", "soon")]
    [InlineData("byte", "aGk=", "h")]
    [InlineData("mac", "01:23:45:67:89:ab", "01:23")]
    [InlineData("hostname", "a.example.com", "-a")]
    [InlineData("uri", "https://example.com/x", "x y")]
    [InlineData("isbn10", "0321751043", "0321751044")]
    public void FormatsAreChecked(string format, string good, string bad)
    {
        Assert.True(ValueFormats.IsValid(format, good), good);
        Assert.False(ValueFormats.IsValid(format, bad), bad);
    }

    [Theory]
    [InlineData("^a$", "a", true)]
    [InlineData("^a$", "a\n", false)]
    [InlineData("^(?P<n>x)[$]$", "x$", true)]
    public void PatternsAreThoseOfGo(string pattern, string text, bool matches) => Assert.Equal(matches, GoPattern.Compile(pattern).IsMatch(text));

    [Fact]
    public void APatternWithLookaroundIsNone() => Assert.Throws<ArgumentException>(() => GoPattern.Compile("(?=a)a"));
}
