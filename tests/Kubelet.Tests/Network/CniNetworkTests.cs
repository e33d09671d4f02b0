using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.Kubelet.Network;
using Dataplane.Kubelet.Network.Cni;
using Dataplane.TestKit;

namespace Dataplane.Kubelet.Tests.Network;

/// <summary>Plugins executed for real: Debian's, and scripts that tell what they were told.</summary>
public sealed class CniNetworkTests : IDisposable
{
    private const string Debian = "/usr/lib/cni";
    private const string Uid = "11111111-aaaa";
    private const string OtherUid = "22222222-bbbb";
    private readonly TestNetwork _machines = new();
    private readonly string _directory = Directory.CreateTempSubdirectory("dp-t-").FullName;
    private readonly List<string> _problems = [];
    private readonly TestHost _node;
    private readonly TestHost _pod;

    public CniNetworkTests()
    {
        (_node, _pod) = (_machines.AddHost("node"), _machines.AddHost("pod"));
        Directory.CreateDirectory(Configurations);
        Directory.CreateDirectory(Scripts);
    }

    private string Configurations => Path.Combine(_directory, "net.d");

    private string Scripts => Path.Combine(_directory, "bin");

    private string Calls => Path.Combine(_directory, "calls");

    public void Dispose()
    {
        _node.Dispose();
        _pod.Dispose();
        _machines.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task DebiansBridgeHostLocalAndPortmapConnectPods()
    {
        Assert.SkipUnless(File.Exists(Path.Combine(Debian, "portmap")), "containernetworking-plugins is not installed");
        Configure("10-net.conflist", DebianChain());
        using var network = Open(Debian);
        network.Reconcile([]);
        Assert.Null(network.NotReady);
        var other = _machines.AddHost("other");
        var first = await network.ConnectAsync(Request(Uid) with { HostPorts = [new HostPortMapping("TCP", null, 8080, 80)] }, _pod.Namespace, default);
        var second = await network.ConnectAsync(Request(OtherUid), other.Namespace, default);
        Assert.Equal(["10.88.0.2", "fd00:88::2"], first.Select(one => one.ToString()));
        Assert.Equal(["10.88.0.3", "fd00:88::3"], second.Select(one => one.ToString()));
        using (_pod.Listen("10.88.0.2", 80))
        {
            Connect(other, first[0], 80);
            Connect(_node, first[0], 80);
            Connect(_node, IPAddress.Parse("10.88.0.1"), 8080);
        }

        Assert.Equal(first, await network.AdoptAsync(Request(Uid), _pod.Namespace, default));
        await network.DisconnectAsync(Uid);
        await network.DisconnectAsync(Uid);
        Assert.Null(_pod.Route.FindLink("eth0"));
        Assert.Equal(["10.88.0.3", "fd00:88::3"], Reserved());
        Assert.Empty(await network.AdoptAsync(Request(Uid), _pod.Namespace, default));

        // A node that was rebooted has no namespaces, and addresses are given back all the same.
        other.Dispose();
        using var after = Open(Debian);
        after.Reconcile([]);
        await after.ConnectAsync(Request(Uid), _pod.Namespace, default);
        Assert.Equal(["10.88.0.4", "fd00:88::4"], Reserved());

        // portmap 1.1.1 does not find its own rules again where iptables writes to nf_tables; the pod is adopted all the same.
        Assert.All(_problems, problem => Assert.StartsWith("plugin type=\"portmap\" failed (check)", problem));
    }

    [Fact]
    public async Task AChainIsCalledInOrderWithResultsAndCapabilitiesAndUndoneInReverse()
    {
        Script("first", """{"cniVersion":"1.0.0","interfaces":[{"name":"br"},{"name":"eth0","sandbox":"/x"}],"ips":[{"address":"192.0.2.9/24","interface":0},{"address":"10.1.2.3/24","interface":1},{"address":"fd00::3/64"}]}""");
        Script("second", """{"cniVersion":"1.0.0","interfaces":[{"name":"eth0","sandbox":"/x"}],"ips":[{"address":"10.1.2.3/24","interface":0},{"address":"fd00::3/64"}],"dns":{}}""");
        Configure("10-net.conflist", """
            {"cniVersion":"1.0.0","name":"net","plugins":[
              {"type":"first","key":1},
              {"type":"second","capabilities":{"portMappings":true,"bandwidth":true,"ipRanges":false,"unknown":true}}]}
            """);
        using var network = Open(Scripts);
        network.Reconcile([]);
        var addresses = await network.ConnectAsync(
            Request(Uid) with { HostPorts = [new HostPortMapping("UDP", IPAddress.Parse("192.0.2.1"), 53, 5353)], EgressRate = 1000 }, _pod.Namespace, default);
        Assert.Equal(["10.1.2.3", "fd00::3"], addresses.Select(one => one.ToString()));
        await network.DisconnectAsync(Uid);

        var calls = CallsMade();
        Assert.Equal(["ADD first", "ADD second", "DEL second", "DEL first"], calls.Select(call => $"{call.Command} {call.Input["type"]}"));
        Assert.All(calls, call =>
        {
            Assert.Equal(("net", "1.0.0"), ($"{call.Input["name"]}", $"{call.Input["cniVersion"]}"));
            Assert.Null(call.Input["capabilities"]);
            Assert.Equal($"{Uid} eth0 IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web;K8S_POD_INFRA_CONTAINER_ID={Uid};K8S_POD_UID={Uid}", call.Environment);
        });
        Assert.Null(calls[0].Input["prevResult"]);
        Assert.Null(calls[0].Input["runtimeConfig"]);
        Assert.Equal("br", $"{calls[1].Input["prevResult"]!["interfaces"]![0]!["name"]}");
        Assert.Equal(
            """{"portMappings":[{"hostPort":53,"containerPort":5353,"protocol":"udp","hostIP":"192.0.2.1"}],"bandwidth":{"egressRate":1000,"egressBurst":2147483647}}""",
            calls[1].Input["runtimeConfig"]!.ToJsonString());
        Assert.All(calls[2..], call => Assert.NotNull(call.Input["prevResult"]!["dns"]));
    }

    [Fact]
    public async Task APluginsErrorIsWhatThePodsEventSaysAndWhatWasMadeIsUndone()
    {
        Script("first", """{"cniVersion":"0.3.1","ips":[{"version":"4","address":"10.1.2.3/24"}]}""");
        Script("second", """{"cniVersion":"0.3.1","code":11,"msg":"try again later","details":"no more room"}""", exit: 1, onlyFor: "ADD");
        Configure("10-net.conflist", """{"cniVersion":"0.3.1","name":"net","plugins":[{"type":"first"},{"type":"second"}]}""");
        using var network = Open(Scripts);
        network.Reconcile([]);
        var failure = await Assert.ThrowsAsync<CniException>(() => network.ConnectAsync(Request(Uid), _pod.Namespace, default));
        Assert.Equal("plugin type=\"second\" failed (add): try again later; no more room", failure.Message);
        Assert.Equal(["ADD first", "ADD second", "DEL second", "DEL first"], CallsMade().Select(call => $"{call.Command} {call.Input["type"]}"));
    }

    [Theory]
    [InlineData("absent", "failed to find plugin \"absent\" in path [")]
    [InlineData("silent", "the plugins answered nothing")]
    [InlineData("rubbish", "error parsing its diagnostic message \"oops\"")]
    [InlineData("dying", "plugin type=\"dying\" failed (add): netplugin failed: \"killed it\"")]
    [InlineData("homeless", "the plugins gave the pod no IP address")]
    [InlineData("wrong", "the plugins gave the pod \"anything\", which is no IP address")]
    public async Task WhatAPluginShouldNotDoIsToldAsWhatItIs(string type, string problem)
    {
        Script("silent", "");
        Script("rubbish", "oops");
        Script("homeless", """{"cniVersion":"1.0.0"}""");
        Script("wrong", """{"cniVersion":"0.2.0","ip4":{"ip":"anything"}}""");
        Script("dying", "", exit: 3, error: "killed it", onlyFor: "ADD");
        Configure("10-net.conf", $$"""{"cniVersion":"0.2.0","name":"net","type":"{{type}}"}""");
        using var network = Open(Scripts);
        network.Reconcile([]);
        var failure = await Assert.ThrowsAsync<CniException>(() => network.ConnectAsync(Request(Uid), _pod.Namespace, default));
        Assert.Contains(problem, failure.Message);
    }

    [Fact]
    public async Task WithoutAConfigurationTheNodeIsNotReadyUntilThereIsOne()
    {
        Script("first", """{"cniVersion":"1.0.0","ips":[{"address":"10.1.2.3/24"}]}""");
        using var network = Open(Scripts);
        network.Reconcile([]);
        Assert.Contains("cni plugin not initialized", network.NotReady);
        await Assert.ThrowsAsync<CniException>(() => network.ConnectAsync(Request(Uid), _pod.Namespace, default));
        Configure("10-broken.conf", "{");
        Configure("20-note.txt", "not looked at");
        Assert.Contains("cni plugin not initialized", network.NotReady);
        Configure("30-net.conf", """{"cniVersion":"1.0.0","name":"net","type":"first"}""");
        Assert.Null(network.NotReady);
        Assert.Equal("10.1.2.3", (await network.ConnectAsync(Request(Uid), _pod.Namespace, default))[0].ToString());
    }

    [Fact]
    public async Task TheNextAgentDisconnectsPodsThatHaveGoneAndTellsWhoIsLeft()
    {
        Script("first", """{"cniVersion":"1.1.0","ips":[{"address":"10.1.2.3/24"}]}""");
        Configure("10-net.conflist", """{"cniVersion":"1.1.0","name":"net","plugins":[{"type":"first"}]}""");
        using (var before = Open(Scripts))
        {
            before.Reconcile([]);
            await before.ConnectAsync(Request(Uid), _pod.Namespace, default);
            await before.ConnectAsync(Request(OtherUid), _pod.Namespace, default);
        }

        File.Delete(Calls);
        _pod.Route.CreateBridge(PodNetwork.PodDevice);

        // As when the plugin's configuration has gone: the pod is disconnected as it was connected.
        Configure("10-net.conflist", """{"cniVersion":"1.1.0","name":"new","plugins":[{"type":"first"}]}""");
        using var after = Open(Scripts);
        after.Reconcile([new Pod { Metadata = new ObjectMeta { UID = Uid } }]);
        Assert.Equal("10.1.2.3", (await after.AdoptAsync(Request(Uid), _pod.Namespace, default))[0].ToString());
        await after.ConnectAsync(Request(OtherUid), _pod.Namespace, default);
        var calls = CallsMade();
        Assert.Equal((OtherUid, "net"), (calls.Single(call => call.Command == "DEL").Environment.Split(' ')[0], $"{calls.Single(call => call.Command == "DEL").Input["name"]}"));
        Assert.Equal(
            $$"""[{"containerID":"{{Uid}}","ifname":"eth0"}]""", calls.Single(call => call.Command == "GC").Input["cni.dev/valid-attachments"]!.ToJsonString());
        Assert.Contains(calls, call => call.Command == "CHECK");
    }

    [Theory]
    [InlineData("""{"name":"n","type":"x"}""", "0.1.0", 1)]
    [InlineData("""{"cniVersion":"0.4.0","name":"n","plugins":[{"type":"x"},{"type":"y"}]}""", "0.4.0", 2)]
    [InlineData("""{"cniVersion":"1.0.0","cniVersions":["1.0.0","1.1.0","9.0.0"],"name":"n","plugins":[{"type":"x"}]}""", "1.1.0", 1)]
    public void AConfigurationIsAListOrOnePlugin(string text, string version, int plugins)
    {
        var configuration = CniConfiguration.Parse(System.Text.Encoding.UTF8.GetBytes(text));
        Assert.Equal((Version.Parse(version), plugins), (configuration.Version, configuration.Plugins.Count));
    }

    [Theory]
    [InlineData("""[]""", "must be a JSON object")]
    [InlineData("""{"type":"x"}""", "name: must be given")]
    [InlineData("""{"name":"n"}""", "type: a plugin must be named by it")]
    [InlineData("""{"name":"n","type":"../x"}""", "type: a plugin must be named by it")]
    [InlineData("""{"name":"n","type":7}""", "type: must be a string")]
    [InlineData("""{"name":"n","plugins":[]}""", "plugins: must be a list of one plugin or more")]
    [InlineData("""{"name":"n","plugins":["x"]}""", "plugins[0]: must be an object")]
    [InlineData("""{"name":"n","cniVersion":"new","type":"x"}""", "cniVersion: \"new\" is not a version")]
    [InlineData("""{"name":"n","cniVersion":"2.0.0","type":"x"}""", "cniVersion: 2.0.0 is newer than 1.1.0")]
    public void AConfigurationThatIsNoneIsSaidWhere(string text, string problem) =>
        Assert.Equal(problem, Assert.Throws<FormatException>(() => CniConfiguration.Parse(System.Text.Encoding.UTF8.GetBytes(text))).Message);

    private static PodNetworkRequest Request(string uid) => new(uid) { Namespace = "shop", Name = "web" };

    private static void Connect(TestHost from, IPAddress to, int port)
    {
        using var socket = from.Socket(SocketType.Stream, ProtocolType.Tcp, to.AddressFamily);
        socket.Connect(to, port);
        Assert.True(socket.Connected);
    }

    private string DebianChain() => $$$"""
        {"cniVersion":"1.0.0","name":"net","plugins":[
          {"type":"bridge","bridge":"dp-plug0","isGateway":true,"hairpinMode":true,
           "ipam":{"type":"host-local","dataDir":"{{{_directory}}}/host-local",
                   "ranges":[[{"subnet":"10.88.0.0/24"}],[{"subnet":"fd00:88::/64"}]],"routes":[{"dst":"0.0.0.0/0"},{"dst":"::/0"}]}},
          {"type":"portmap","capabilities":{"portMappings":true},"snat":true}]}
        """;

    private string[] Reserved() =>
        [.. Directory.GetFiles(Path.Combine(_directory, "host-local", "net")).Select(file => Path.GetFileName(file)).Where(name => IPAddress.TryParse(name, out _)).Order()];

    private CniNetwork Open(string plugins) => new(new CniNetworkOptions
    {
        Node = _node.Namespace,
        ConfigurationDirectory = Configurations,
        BinDirectories = [plugins],
        Attachments = Path.Combine(_directory, "attachments"),
        Problem = _problems.Add,
    });

    private void Configure(string name, string text) => File.WriteAllText(Path.Combine(Configurations, name), text);

    /// <summary>A plugin that writes down how it was called and answers the same each time.</summary>
    private void Script(string name, string answer, int exit = 0, string error = "", string onlyFor = "*")
    {
        var path = Path.Combine(Scripts, name);
        File.WriteAllText(path, $"""
            #!/bin/sh
            printf '%s\t%s %s %s\t%s\n' "$CNI_COMMAND" "$CNI_CONTAINERID" "$CNI_IFNAME" "$CNI_ARGS" "$(cat | tr -d '\n')" >> {Calls}
            case "$CNI_COMMAND" in {onlyFor}) ;; *) exit 0;; esac
            printf '%s' '{error}' >&2
            printf '%s' '{answer}'
            exit {exit}

            """);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }
    }

    private (string Command, string Environment, JsonNode Input)[] CallsMade() =>
        [.. File.ReadLines(Calls).Select(line => line.Split('\t')).Select(parts => (parts[0], parts[1], JsonNode.Parse(parts[2])!))];
}
