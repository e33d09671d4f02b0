using System.Net;
using Dataplane.Api;
using Dataplane.Kubelet.Sandbox;

namespace Dataplane.Kubelet.Tests.Sandbox;

public sealed class ResolvConfTests
{
    private static readonly ResolvConf Machine = ResolvConf.Parse("# comment\nsearch corp.example\nnameserver 192.0.2.53\noptions timeout:2\n");

    [Theory]
    [InlineData(null, false, "search shop.svc.cluster.local svc.cluster.local cluster.local corp.example\nnameserver 10.96.0.10\noptions ndots:5\n")]
    [InlineData("ClusterFirst", true, "search corp.example\nnameserver 192.0.2.53\noptions timeout:2\n")]
    [InlineData("ClusterFirstWithHostNet", true, "search shop.svc.cluster.local svc.cluster.local cluster.local corp.example\nnameserver 10.96.0.10\noptions ndots:5\n")]
    [InlineData("Default", false, "search corp.example\nnameserver 192.0.2.53\noptions timeout:2\n")]
    [InlineData("None", false, "")]
    public void ThePolicyChooses(string? policy, bool hostNetwork, string expected) => Assert.Equal(expected, Render(Pod(policy, hostNetwork), out _));

    [Theory]
    [InlineData(null)]
    [InlineData("ClusterFirstWithHostNet")]
    public void WithoutClusterDnsTheMachinesIsTaken(string? policy)
    {
        var pod = Pod(policy, policy is not null);
        Assert.True(ResolvConf.WantsCluster(pod));
        Assert.Equal(Machine.ToString(), ResolvConf.ForPod(pod, Machine, [], "cluster.local", out _).ToString());
    }

    [Fact]
    public void TheConfigIsMergedAndThePodsOptionsWin()
    {
        var pod = Pod(null, false);
        pod.Spec.DNSConfig = new PodDNSConfig
        {
            Nameservers = ["192.0.2.1", "10.96.0.10"],
            Searches = ["extra.example", "cluster.local"],
            Options = [new PodDNSConfigOption { Name = "ndots", Value = "2" }, new PodDNSConfigOption { Name = "edns0" }],
        };
        Assert.Equal(
            "search shop.svc.cluster.local svc.cluster.local cluster.local corp.example extra.example\n"
            + "nameserver 10.96.0.10\nnameserver 192.0.2.1\noptions ndots:2 edns0\n",
            Render(pod, out var cut));
        Assert.Null(cut);
    }

    [Fact]
    public void WhatDoesNotFitIsCutAndSaid()
    {
        var pod = Pod("None", false);
        pod.Spec.DNSConfig = new PodDNSConfig { Nameservers = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"] };
        Assert.Equal("nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n", Render(pod, out var cut));
        Assert.StartsWith("Nameserver limits were exceeded", cut);

        pod.Spec.DNSConfig = new PodDNSConfig { Searches = [.. Enumerable.Range(0, 40).Select(number => $"{new string('x', 60)}{number}.example")] };
        Assert.True(Render(pod, out cut).Length <= 2048 + "search \n".Length);
        Assert.StartsWith("Search Line limits were exceeded", cut);
    }

    private static Pod Pod(string? policy, bool hostNetwork) => new()
    {
        Metadata = new ObjectMeta { Namespace = "shop", Name = "web" },
        Spec = new PodSpec { DNSPolicy = policy, HostNetwork = hostNetwork },
    };

    private static string Render(Pod pod, out string? cut) =>
        ResolvConf.ForPod(pod, Machine, [IPAddress.Parse("10.96.0.10")], "cluster.local", out cut).ToString();
}
