using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Tests.Http;

namespace Dataplane.ControlPlane.Tests.Validation;

/// <summary>What is wrong with a Service, in upstream's words, and what it keeps or gets when its type changes.</summary>
public sealed class ServiceRefusalTests(ValidationServer server) : IClassFixture<ValidationServer>
{
    private const string Services = "/api/v1/namespaces/default/services";
    private const string Address = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

    public static TheoryData<string, string> Specs => new()
    {
        { "", "spec.ports: Required value" },
        { "type: Odd, ports: [{port: 1}]", "spec.type: Unsupported value: \"Odd\": supported values: \"ClusterIP\", \"ExternalName\", \"LoadBalancer\", \"NodePort\"" },
        { "ports: [{port: 1}, {port: 2, name: b}]", "spec.ports[0].name: Required value" },
        { "ports: [{port: 1, name: a}, {port: 2, name: a}]", "spec.ports[1].name: Duplicate value: \"a\"" },
        { "ports: [{port: 1, name: a}, {port: 1, name: b}]", "spec.ports[1]: Duplicate value: core.ServicePort{Name:\"\", Protocol:\"TCP\", AppProtocol:(*string)(nil), Port:1, TargetPort:intstr.IntOrString{Type:0, IntVal:0, StrVal:\"\"}, NodePort:0}" },
        { "ports: [{port: 0}]", "[spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive, spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive]" },
        { "ports: [{port: 1, targetPort: not_a_port}]", "spec.ports[0].targetPort: Invalid value: \"not_a_port\": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)" },
        { "ports: [{port: 1, protocol: ICMP}]", "spec.ports[0].protocol: Unsupported value: \"ICMP\": supported values: \"SCTP\", \"TCP\", \"UDP\"" },
        { "ports: [{port: 1, nodePort: 30000}]", "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'" },
        { "type: NodePort, ports: [{name: a, port: 1, nodePort: 30001}, {name: b, port: 2, nodePort: 30001}]", "spec.ports[1].nodePort: Duplicate value: 30001" },
        { "type: NodePort, ports: [{port: 1, nodePort: 29999}]", "spec.ports[0].nodePort: Invalid value: 29999: provided port is not in the valid range. The range of valid ports is 30000-32767" },
        { "type: NodePort, clusterIP: None, ports: [{port: 1}]", "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services" },
        { "clusterIP: x, ports: [{port: 1}]", $"spec.clusterIPs[0]: Invalid value: \"x\": {Address}" },
        { "clusterIP: 10.96.0.300, ports: [{port: 1}]", $"spec.clusterIPs[0]: Invalid value: \"10.96.0.300\": {Address}" },
        { "clusterIP: 10.96.0.7, clusterIPs: [10.96.0.8], ports: [{port: 1}]", "spec.clusterIPs: Invalid value: []string{\"10.96.0.8\"}: first value must match `clusterIP`" },
        { "clusterIPs: [10.96.0.8], ports: [{port: 1}]", "spec.clusterIPs: Invalid value: []string{\"10.96.0.8\"}: must be empty when `clusterIP` is not specified" },
        { "clusterIP: None, clusterIPs: [None, 10.96.0.8], ports: [{port: 1}]", "spec.clusterIPs: Invalid value: []string{\"None\", \"10.96.0.8\"}: 'None' must be the first and only value" },
        { "clusterIP: 10.96.0.7, clusterIPs: [10.96.0.7, 10.96.0.8], ports: [{port: 1}]", "spec.clusterIPs: Invalid value: []string{\"10.96.0.7\", \"10.96.0.8\"}: may specify no more than one IP for each IP family" },
        { "clusterIP: 10.96.0.7, ipFamilies: [IPv6], ports: [{port: 1}]", "spec.clusterIPs[0]: Invalid value: \"10.96.0.7\": expected an IPv6 value as indicated by `ipFamilies[0]`" },
        { "clusterIP: 10.96.0.1, ports: [{port: 1}]", "spec.clusterIPs: Invalid value: []string{\"10.96.0.1\"}: failed to allocate IP 10.96.0.1: provided IP is already allocated" },
        { "clusterIP: 10.1.0.1, ports: [{port: 1}]", "spec.clusterIPs: Invalid value: []string{\"10.1.0.1\"}: failed to allocate IP 10.1.0.1: the provided IP (10.1.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0/16" },
        { "ipFamilies: [IPv5], ports: [{port: 1}]", "spec.ipFamilies[0]: Unsupported value: \"IPv5\": supported values: \"IPv4\", \"IPv6\"" },
        { "ipFamilies: [IPv4, IPv4], ports: [{port: 1}]", "spec.ipFamilies[1]: Duplicate value: \"IPv4\"" },
        { "ipFamilies: [IPv6], ports: [{port: 1}]", "spec.ipFamilies[0]: Invalid value: \"IPv6\": not configured on this cluster" },
        { "ipFamilyPolicy: RequireDualStack, ports: [{port: 1}]", "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this cluster is not configured for dual-stack services" },
        { "ipFamilyPolicy: Both, ports: [{port: 1}]", "spec.ipFamilyPolicy: Unsupported value: \"Both\": supported values: \"PreferDualStack\", \"RequireDualStack\", \"SingleStack\"" },
        { "type: ExternalName", "spec.externalName: Required value" },
        { "type: ExternalName, externalName: a.example, clusterIP: 10.96.0.9", "spec.clusterIPs: Forbidden: may not be set for ExternalName services" },
        { "externalIPs: [127.0.0.1], ports: [{port: 1}]", "spec.externalIPs[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)" },
        { "externalIPs: [0.0.0.0], ports: [{port: 1}]", "spec.externalIPs[0]: Invalid value: \"0.0.0.0\": may not be unspecified (0.0.0.0)" },
        { "externalIPs: [169.254.1.1], ports: [{port: 1}]", "spec.externalIPs[0]: Invalid value: \"169.254.1.1\": may not be in the link-local range (169.254.0.0/16, fe80::/10)" },
        { "sessionAffinity: Cookie, ports: [{port: 1}]", "spec.sessionAffinity: Unsupported value: \"Cookie\": supported values: \"ClientIP\", \"None\"" },
        { "sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 0}}, ports: [{port: 1}]", "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 0: must be greater than 0 and less than 86400" },
        { "externalTrafficPolicy: Local, ports: [{port: 1}]", "spec.externalTrafficPolicy: Invalid value: \"Local\": may only be set for externally-accessible services" },
        { "type: NodePort, externalTrafficPolicy: Near, ports: [{port: 1}]", "spec.externalTrafficPolicy: Unsupported value: \"Near\": supported values: \"Cluster\", \"Local\"" },
        { "internalTrafficPolicy: Near, ports: [{port: 1}]", "spec.internalTrafficPolicy: Unsupported value: \"Near\": supported values: \"Cluster\", \"Local\"" },
        { "trafficDistribution: Near, ports: [{port: 1}]", "spec.trafficDistribution: Unsupported value: \"Near\": supported values: \"PreferClose\", \"PreferSameNode\", \"PreferSameZone\"" },
        { "healthCheckNodePort: 30100, ports: [{port: 1}]", "spec.healthCheckNodePort: Invalid value: 30100: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'" },
        { "loadBalancerSourceRanges: [10.0.0.0/8], ports: [{port: 1}]", "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'" },
        { "type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.0], ports: [{port: 1}]", "spec.LoadBalancerSourceRanges[0]: Invalid value: \"10.0.0.0\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)" },
        { "allocateLoadBalancerNodePorts: true, ports: [{port: 1}]", "spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'" },
        { "loadBalancerClass: a/b, ports: [{port: 1}]", "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'" },
    };

    public static TheoryData<string, string, string> Updates => new()
    {
        { "ports: [{port: 1}], clusterIP: 10.96.0.60", """{"spec":{"clusterIP":"10.96.0.61"}}""", "spec.clusterIPs[0]: Invalid value: []string{\"10.96.0.61\"}: may not change once set" },
        { "ports: [{port: 1}], clusterIP: 10.96.0.62", """{"spec":{"clusterIP":"None"}}""", "spec.clusterIPs[0]: Invalid value: []string{\"None\"}: may not change once set" },
        { "type: LoadBalancer, loadBalancerClass: a/b, ports: [{port: 1}]", """{"spec":{"loadBalancerClass":"a/c"}}""", "spec.loadBalancerClass: Invalid value: \"a/c\": may not change once set" },
        { "type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 31111, ports: [{port: 1}]", """{"spec":{"healthCheckNodePort":31112}}""", "spec.healthCheckNodePort: Forbidden: field is immutable" },
        { "type: NodePort, ports: [{port: 1, nodePort: 31113}]", """{"spec":{"ports":[{"port":1,"nodePort":80}]}}""", "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767" },
        { "ports: [{port: 1}]", """{"spec":{"type":"ExternalName"}}""", "spec.externalName: Required value" },
    };

    [Theory]
    [MemberData(nameof(Specs))]
    public async Task ASpecIsRefused(string fields, string expected) =>
        Assert.Equal(expected, await server.RefusedAsync(Services, $"metadata: {{name: x}}\nspec: {{{fields}}}"));

    [Theory]
    [MemberData(nameof(Updates))]
    public async Task AChangeIsRefused(string fields, string patch, string expected) =>
        Assert.Equal(expected, await server.ChangeRefusedAsync(Services, $"metadata: {{name: changed}}\nspec: {{{fields}}}", patch));

    [Theory]
    [InlineData("ports: [{port: 1}]", "ClusterIP IPv4 SingleStack None Cluster -")]
    [InlineData("ports: [{port: 1}], clusterIP: None", "ClusterIP IPv4,IPv6 RequireDualStack None Cluster -")]
    [InlineData("ports: [{port: 1}], clusterIP: None, selector: {a: b}", "ClusterIP IPv4 SingleStack None Cluster -")]
    [InlineData("ports: [{port: 1}], ipFamilyPolicy: PreferDualStack", "ClusterIP IPv4 PreferDualStack None Cluster -")]
    [InlineData("type: NodePort, ports: [{port: 1}]", "NodePort IPv4 SingleStack None Cluster Cluster")]
    [InlineData("externalIPs: [198.51.100.1], ports: [{port: 1}]", "ClusterIP IPv4 SingleStack None Cluster Cluster")]
    [InlineData("type: ExternalName, externalName: a.example.", "ExternalName - - None - -")]
    public async Task WhatIsLeftOutIsFilledIn(string fields, string expected)
    {
        var spec = (await CreateAsync($"metadata: {{generateName: d-}}\nspec: {{{fields}}}"))["spec"]!;
        var families = spec["ipFamilies"] is JsonArray list ? string.Join(",", list) : "-";
        Assert.Equal(
            expected,
            $"{spec["type"]} {families} {spec["ipFamilyPolicy"] ?? "-"} {spec["sessionAffinity"]} {spec["internalTrafficPolicy"] ?? "-"} {spec["externalTrafficPolicy"] ?? "-"}");
    }

    [Fact]
    public async Task OnePortNumberOnTwoProtocolsSharesItsNodePort()
    {
        var ports = (await CreateAsync("metadata: {generateName: d-}\nspec: {type: NodePort, ports: [{name: t, port: 53}, {name: u, port: 53, protocol: UDP}]}"))["spec"]!["ports"]!;
        Assert.Equal((int)ports[0]!["nodePort"]!, (int)ports[1]!["nodePort"]!);
    }

    [Fact]
    public async Task ALocalLoadBalancerGetsAHealthPortAndLosesItWithThePolicy()
    {
        var made = await CreateAsync("metadata: {name: lb}\nspec: {type: LoadBalancer, externalTrafficPolicy: Local, ports: [{port: 80}]}");
        Assert.InRange((int)made["spec"]!["healthCheckNodePort"]!, 30000, 32767);
        var changed = await PatchAsync("lb", """{"spec":{"externalTrafficPolicy":"Cluster"}}""");
        Assert.Null(changed["spec"]!["healthCheckNodePort"]);
    }

    [Fact]
    public async Task AnExternalNameGivesUpItsAddressAndGetsAnotherWhenItReturns()
    {
        await CreateAsync("metadata: {name: turning}\nspec: {type: NodePort, clusterIP: 10.96.0.70, ports: [{port: 80, nodePort: 30070}]}");
        var external = (await PatchAsync("turning", """{"spec":{"type":"ExternalName","externalName":"a.example"}}"""))["spec"]!.AsObject();
        Assert.Equal(["externalName", "ports", "sessionAffinity", "type"], external.Select(field => field.Key).Order());
        Assert.Null(external["ports"]![0]!["nodePort"]);

        // Both are free for others now.
        await CreateAsync("metadata: {name: heir}\nspec: {type: NodePort, clusterIP: 10.96.0.70, ports: [{port: 80, nodePort: 30070}]}");
        var back = (await PatchAsync("turning", """{"spec":{"type":"ClusterIP","externalName":null}}"""))["spec"]!;
        Assert.StartsWith("10.96.", (string?)back["clusterIP"], StringComparison.Ordinal);
        Assert.Equal("Cluster", (string?)back["internalTrafficPolicy"]);
    }

    [Fact]
    public async Task ALoadBalancersStatusIsCheckedAndDefaulted()
    {
        await CreateAsync("metadata: {name: balanced}\nspec: {type: LoadBalancer, ports: [{port: 80}]}");
        var given = await server.Server.WriteAsync(
            HttpMethod.Patch, $"{Services}/balanced/status", """{"status":{"loadBalancer":{"ingress":[{"ip":"198.51.100.7"}]}}}""", "application/merge-patch+json");
        Assert.Equal("VIP", (string?)given["status"]!["loadBalancer"]!["ingress"]![0]!["ipMode"]);
        using var refused = await server.Server.SendAsync(
            HttpMethod.Patch, $"{Services}/balanced/status", body: """{"status":{"loadBalancer":{"ingress":[{"hostname":"1.2.3.4"}]}}}""", type: "application/merge-patch+json");
        Assert.Contains("must be a DNS name, not an IP address", await refused.Content.ReadAsStringAsync(RawServer.Cancellation));
    }

    private async Task<JsonObject> CreateAsync(string yaml) => await server.Server.WriteAsync(HttpMethod.Post, Services, yaml, "application/yaml");

    private async Task<JsonObject> PatchAsync(string name, string patch) =>
        await server.Server.WriteAsync(HttpMethod.Patch, $"{Services}/{name}", patch, "application/merge-patch+json");
}
