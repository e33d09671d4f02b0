using System.Net.Sockets;
using System.Text;
using Dataplane.Api;
using Dataplane.TestKit;

namespace Dataplane.Proxy.Tests.Userspace;

public sealed class UserspaceModeTests
{
    private const string PodA = "10.244.1.2";
    private const string PodB = "10.244.1.3";
    private const string Nobody = "10.244.1.99";

    [Theory]
    [InlineData("client", RelayNetwork.ClusterIP, RelayNetwork.ServicePort)]
    [InlineData("client", RelayNetwork.NodeAddress, RelayNetwork.NodePort)]
    [InlineData("pod", RelayNetwork.ClusterIP, RelayNetwork.ServicePort)]
    [InlineData("pod", "10.244.1.1", RelayNetwork.NodePort)]
    [InlineData("node", RelayNetwork.ClusterIP, RelayNetwork.ServicePort)]
    [InlineData("node", RelayNetwork.NodeAddress, RelayNetwork.NodePort)]
    [InlineData("node", "127.0.0.1", RelayNetwork.NodePort)]
    [InlineData("client", "198.51.100.7", RelayNetwork.ServicePort)]
    public void EveryFrontEndLeadsToEveryEndpointInTurn(string from, string address, int port)
    {
        using var network = new RelayNetwork();
        using var a = new PodServer(network.Pods[0], PodA, RelayNetwork.TargetPort, "a");
        using var b = new PodServer(network.Pods[1], PodB, RelayNetwork.TargetPort, "b");
        network.Serve(service => service.Spec.ExternalIPs.Add("198.51.100.7"), PodA, PodB);

        var answers = Enumerable.Range(0, 6).Select(_ => Ask(network.Host(from), address, port)).ToList();
        Assert.Equal(3, answers.Count(answer => answer == "a"));
        Assert.Equal(3, answers.Count(answer => answer == "b"));
    }

    [Theory]
    [InlineData(PodB)]
    [InlineData(Nobody)]
    public void ADeadEndpointFailsNoRequest(string dead)
    {
        using var network = new RelayNetwork();
        using var a = new PodServer(network.Pods[0], PodA, RelayNetwork.TargetPort, "a");
        network.Serve(PodA, dead);

        Assert.All(Enumerable.Range(0, 8), _ => Assert.Equal("a", Ask(network.Client, RelayNetwork.ClusterIP, RelayNetwork.ServicePort)));
        Assert.InRange(network.Mode.Engine.Counters().DialFailures, 3, 8);
    }

    [Fact]
    public void AServiceWithoutEndpointsRefusesAtOnceAndServesAgainWhenItHasOne()
    {
        using var network = new RelayNetwork();
        using var a = new PodServer(network.Pods[0], PodA, RelayNetwork.TargetPort, "a");
        foreach (var endpoints in new string[][] { [], [PodA], [] })
        {
            network.Serve(endpoints);
            foreach (var (from, address, port) in new[]
            {
                (network.Client, RelayNetwork.ClusterIP, RelayNetwork.ServicePort), (network.Node, RelayNetwork.ClusterIP, RelayNetwork.ServicePort),
                (network.Client, RelayNetwork.NodeAddress, RelayNetwork.NodePort),
            })
            {
                if (endpoints.Length > 0)
                {
                    Assert.Equal("a", Ask(from, address, port));
                }
                else
                {
                    Assert.Equal(SocketError.ConnectionRefused, Assert.Throws<SocketException>(() => Ask(from, address, port)).SocketErrorCode);
                }
            }
        }
    }

    [Fact]
    public void WithAffinityAClientStaysWithItsEndpointUntilItIsGone()
    {
        using var network = new RelayNetwork();
        using var a = new PodServer(network.Pods[0], PodA, RelayNetwork.TargetPort, "a");
        using var b = new PodServer(network.Pods[1], PodB, RelayNetwork.TargetPort, "b");
        network.Serve(service => service.Spec.SessionAffinity = "ClientIP", PodA, PodB);

        var first = Ask(network.Client, RelayNetwork.ClusterIP, RelayNetwork.ServicePort);
        Assert.All(Enumerable.Range(0, 5), _ => Assert.Equal(first, Ask(network.Client, RelayNetwork.ClusterIP, RelayNetwork.ServicePort)));
        Assert.Equal(first, Ask(network.Client, RelayNetwork.NodeAddress, RelayNetwork.NodePort));

        var (other, otherAddress) = first == "a" ? ("b", PodB) : ("a", PodA);
        network.Serve(service => service.Spec.SessionAffinity = "ClientIP", otherAddress);
        Assert.Equal(other, Ask(network.Client, RelayNetwork.ClusterIP, RelayNetwork.ServicePort));
        network.Serve(service => service.Spec.SessionAffinity = "ClientIP", PodA, PodB);
        Assert.All(Enumerable.Range(0, 4), _ => Assert.Equal(other, Ask(network.Client, RelayNetwork.ClusterIP, RelayNetwork.ServicePort)));
    }

    [Fact]
    public void OpenConnectionsOutliveTheirEndpointsAndTheService()
    {
        using var network = new RelayNetwork();
        using var a = new PodServer(network.Pods[0], PodA, RelayNetwork.TargetPort, "a");
        using var b = new PodServer(network.Pods[1], PodB, RelayNetwork.TargetPort, "b");
        network.Serve(PodA);
        using var open = RelayNetwork.Connect(network.Client, RelayNetwork.ClusterIP, RelayNetwork.ServicePort);
        Assert.Equal("a\n", Receive(open));

        network.Serve(PodB);
        Assert.Equal("b", Ask(network.Client, RelayNetwork.ClusterIP, RelayNetwork.ServicePort));
        Assert.Equal("one", Exchange(open, "one"));
        network.Serve();
        Assert.Equal("two", Exchange(open, "two"));
        network.Cluster.Delete("web");
        network.Apply();
        Assert.Equal("three", Exchange(open, "three"));
    }

    [Fact]
    public void UnderPolicyLocalOutsideClientsAreNotServedByOtherNodes()
    {
        using var network = new RelayNetwork();
        using var a = new PodServer(network.Pods[0], PodA, RelayNetwork.TargetPort, "a");
        network.Serve(service => service.Spec.ExternalTrafficPolicy = "Local", PodA);
        Assert.ThrowsAny<SocketException>(() => Ask(network.Client, RelayNetwork.NodeAddress, RelayNetwork.NodePort));
        Assert.Equal("a", Ask(network.Pods[1], "10.244.1.1", RelayNetwork.NodePort));
        Assert.Equal("a", Ask(network.Node, RelayNetwork.NodeAddress, RelayNetwork.NodePort));

        network.Serve(service => service.Spec.ExternalTrafficPolicy = "Local", PodA + " here");
        Assert.Equal("a", Ask(network.Client, RelayNetwork.NodeAddress, RelayNetwork.NodePort));
    }

    [Fact]
    public void AnEndpointThatIsItsOwnServiceIsNotFollowedRoundAndRound()
    {
        using var network = new RelayNetwork();
        network.Cluster.Service("loop", "10.96.0.6", RelayNetwork.TargetPort).Slice("loop", $"{RelayNetwork.TargetPort}", "10.96.0.6");
        network.Apply();
        Assert.ThrowsAny<SocketException>(() => Ask(network.Client, "10.96.0.6", RelayNetwork.TargetPort));
        Assert.Equal(1, network.Mode.Engine.Counters().Accepted);
    }

    [Fact]
    public void TheRelaysOwnPortServesNobodyDirectly()
    {
        using var network = new RelayNetwork();
        network.Serve(PodA);
        Assert.ThrowsAny<SocketException>(() => Ask(network.Client, RelayNetwork.NodeAddress, network.Mode.Engine.Ports.All));
    }

    [Theory]
    [InlineData("flush ruleset")]
    [InlineData("flush chain ip dataplane-userspace steer")]
    [InlineData("delete element ip dataplane-userspace node-ports { tcp . 30080 }")]
    public async Task WhatSomebodyElseBreaksIsNoticedAndMendedAndGoesWithoutATrace(string damage)
    {
        using var network = new RelayNetwork();
        using var a = new PodServer(network.Pods[0], PodA, RelayNetwork.TargetPort, "a");
        network.Serve(PodA);
        network.Serve(PodA, PodB);
        Assert.True(network.Mode.IsIntact());
        Assert.False(network.RulesTouched);
        (await Tools.RunAsync(network.Node.Namespace, "nft", damage.Split(' '))).OutputOrThrow();
        Assert.True(SpinWait.SpinUntil(() => network.RulesTouched, TimeSpan.FromSeconds(60)));
        Assert.False(network.Mode.IsIntact());

        network.Mode.Apply(null, network.Cluster.Plan());
        Assert.True(network.Mode.IsIntact());
        Assert.Equal("a", Ask(network.Client, RelayNetwork.ClusterIP, RelayNetwork.ServicePort));
        network.Mode.Cleanup();
        network.Mode.Cleanup();
        Assert.Equal("", (await Tools.RunAsync(network.Node.Namespace, "nft", ["list", "ruleset"])).OutputOrThrow());
    }

    /// <summary>The name the pod says, or the error: a reset counts as one, also when it comes instead of the name.</summary>
    private static string Ask(TestHost from, string address, int port)
    {
        using var socket = RelayNetwork.Connect(from, address, port);
        return Receive(socket) is { Length: > 0 } text ? text.TrimEnd('\n') : throw new SocketException((int)SocketError.ConnectionReset);
    }

    private static string Exchange(Socket socket, string text)
    {
        socket.Send(Encoding.ASCII.GetBytes(text));
        return Receive(socket);
    }

    private static string Receive(Socket socket)
    {
        var buffer = new byte[64];
        return Encoding.ASCII.GetString(buffer, 0, socket.Receive(buffer));
    }
}
