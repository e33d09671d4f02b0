using Dataplane.ControlPlane.CustomResources;

namespace Dataplane.ControlPlane.Tests.CustomResources;

/// <summary>The JSONPath of printer columns.</summary>
public sealed class JsonPathTests
{
    private const string Object = """
        {a: {b: 1, 'c.d': two}, list: [{n: x, v: 1}, {n: y, v: 2}, {n: z, v: 3}], empty: null}
        """;

    [Theory]
    [InlineData(".a.b", "1")]
    [InlineData("{.a.b}", "1")]
    [InlineData(@".a.c\.d", "two")]
    [InlineData(".a['c.d']", "two")]
    [InlineData(".list[0].n", "x")]
    [InlineData(".list[-1].n", "z")]
    [InlineData(".list[*].n", "x,y,z")]
    [InlineData(".list[1:].n", "y,z")]
    [InlineData(".list[?(@.n==\"y\")].v", "2")]
    [InlineData(".list[?(@.v>1)].n", "y,z")]
    [InlineData(".list[?(@.q)].n", "")]
    [InlineData(".nothing.here", "")]
    public void Finds(string path, string found) =>
        Assert.Equal(found, string.Join(",", JsonPath.Parse(path).Find(TestDefinition.Parse(Object)).Select(node => node?.ToString())));

    [Theory]
    [InlineData("a.b")]
    [InlineData(".a[")]
    [InlineData(".a[x]")]
    [InlineData("..a")]
    public void WhatIsNoPathSaysSo(string path) => Assert.Throws<FormatException>(() => JsonPath.Parse(path));
}
