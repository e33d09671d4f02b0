using Dataplane.ControlPlane.Tests.CustomResources;

namespace Dataplane.ControlPlane.Tests.Kubectl;

/// <summary>A definition and its objects in the hands of kubectl, of several versions.</summary>
public sealed class CustomResourceTests(KubectlFixture kubectl) : IClassFixture<KubectlFixture>
{
    [Theory]
    [InlineData("1.29")]
    [InlineData("1.32")]
    [InlineData("1.33")]
    public async Task ADefinitionServesItsObjects(string version)
    {
        await Run("delete crd widgets.example.com --ignore-not-found");
        Assert.Contains("widgets.example.com created", await Run("create -f -", TestDefinition.Yaml), StringComparison.Ordinal);
        Assert.Contains("condition met", await Run("wait --for=condition=Established crd/widgets.example.com --timeout=60s"), StringComparison.Ordinal);
        Assert.Contains("widgets.example.com", await Run("get crd"), StringComparison.Ordinal);
        Assert.Contains("wd example.com/v1 true Widget", Words(await Run("api-resources --api-group=example.com")), StringComparison.Ordinal);
        Assert.Contains("color <string> -required-", Words(await Run("explain widgets --recursive")), StringComparison.Ordinal);
        Assert.Contains("Colour of the widget.", await Run("explain widget.spec.color"), StringComparison.Ordinal);

        Assert.Contains("widget.example.com/a created", await Run("apply -f -", Widget("a", "{color: red, ports: [{port: 1}]}")), StringComparison.Ordinal);
        Assert.Contains("widget.example.com/a configured", await Run("apply -f -", Widget("a", "{color: blue, ports: [{port: 2}]}")), StringComparison.Ordinal);
        Assert.Contains("NAME COLOR REPLICAS AGE\na blue 1", Words(await Run("get wd")), StringComparison.Ordinal);
        Assert.Contains("widget.example.com/a", await Run("get all"), StringComparison.Ordinal);
        Assert.Contains("a patched", await Run("patch wd a --type=merge -p {\"spec\":{\"replicas\":2}}"), StringComparison.Ordinal);
        Assert.Contains("application/strategic-merge-patch+json is not supported by example.com/v1", await Run("patch wd a --type=strategic -p {\"spec\":{\"replicas\":3}}"), StringComparison.Ordinal);
        Assert.Contains("a scaled", await Run("scale wd a --replicas=4"), StringComparison.Ordinal);
        Assert.Equal("4", await Run("get wd a -o jsonpath={.spec.replicas}"));
        Assert.Contains("b serverside-applied", await Run("apply --server-side -f -", Widget("b", "{color: green, tags: [x]}")), StringComparison.Ordinal);
        Assert.Contains("spec.color: Unsupported value: \"pink\"", await Run("create -f -", Widget("c", "{color: pink}")), StringComparison.Ordinal);
        Assert.Contains("unknown field \"spec.odd\"", await Run("create -f -", Widget("c", "{color: red, odd: 1}")), StringComparison.Ordinal);
        Assert.Contains("Color:", await Run("describe wd b"), StringComparison.Ordinal);
        Assert.Contains("\"b\" deleted", await Run("delete wd b"), StringComparison.Ordinal);
        Assert.Contains("\"widgets.example.com\" deleted", await Run("delete crd widgets.example.com --timeout=60s"), StringComparison.Ordinal);
        Assert.DoesNotContain("widgets", await Run("api-resources"), StringComparison.Ordinal);

        Task<string> Run(string arguments, string input = "") => kubectl.RunAsync(arguments, input, version);
    }

    private static string Widget(string name, string spec) => $"apiVersion: example.com/v1\nkind: Widget\nmetadata: {{name: {name}}}\nspec: {spec}\n";

    private static string Lower(string text) => text.ToLowerInvariant();

    private static string Words(string output) =>
        string.Join('\n', output.Split('\n').Select(line => string.Join(' ', line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))));
}
