using System.Text;
using Dataplane.Kubelet.Pods;

namespace Dataplane.Kubelet.Tests.Pods;

public sealed class PullSecretsTests
{
    [Theory]
    [InlineData("registry.example", "registry.example/team/app:1", true)]
    [InlineData("https://registry.example/v2/", "registry.example/app", true)]
    [InlineData("registry.example/team", "registry.example/team/app", true)]
    [InlineData("registry.example/team", "registry.example/other/app", false)]
    [InlineData("registry.example:5000", "registry.example:5000/app", true)]
    [InlineData("registry.example:5000", "registry.example/app", false)]
    [InlineData("*.example", "registry.example/app", true)]
    [InlineData("*.example", "a.registry.example/app", false)]
    [InlineData("reg*.example", "registry.example/app", true)]
    [InlineData("registry.example", "other.example/app", false)]
    [InlineData("https://index.docker.io/v1/", "nginx", true)]
    [InlineData("https://index.docker.io/v1/", "docker.io/library/nginx", true)]
    [InlineData("https://index.docker.io/v1/", "registry.example/nginx", false)]
    public void ACredentialIsForItsRegistry(string registry, string image, bool matches)
    {
        var secrets = new PullSecrets();
        secrets.Add(Secret(".dockerconfigjson", $$$$"""{"auths":{"{{{{registry}}}}":{"username":"me","password":"word"}}}"""));
        Assert.Equal(matches ? ["me"] : [], secrets.For(image).Select(one => one.Username));
    }

    [Fact]
    public void TheMoreParticularComesFirstAndAuthWins()
    {
        var secrets = new PullSecrets();
        var auth = Convert.ToBase64String("two:wo:rd"u8);
        secrets.Add(Secret(".dockercfg", $$$$"""{"r.example":{"username":"one","password":"p"},"r.example/team":{"username":"x","auth":"{{{{auth}}}}"}}"""));
        Assert.Equal(["two wo:rd", "one p"], secrets.For("r.example/team/app").Select(one => $"{one.Username} {one.Password}"));
        Assert.Equal("two", $"{secrets.For("r.example/team/app")[0]}");
    }

    [Theory]
    [InlineData("{")]
    [InlineData("""{"auths":[]}""")]
    [InlineData("""{"auths":{"r":{"auth":"no base 64"}}}""")]
    [InlineData("""{"auths":{"r":{"auth":"bm9jb2xvbg=="}}}""")]
    public void WhatIsNoneIsSaid(string content) => Assert.Throws<FormatException>(() => new PullSecrets().Add(Secret(".dockerconfigjson", content)));

    [Fact]
    public void ASecretOfAnotherTypeHasNothing()
    {
        var secrets = new PullSecrets();
        secrets.Add(Secret("password", "x"));
        Assert.Empty(secrets.For("nginx"));
    }

    private static Dictionary<string, byte[]> Secret(string key, string content) => new() { [key] = Encoding.UTF8.GetBytes(content) };
}
