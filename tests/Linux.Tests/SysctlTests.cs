using Dataplane.Linux.Capabilities;
using Dataplane.Linux.Sysctls;
using Dataplane.TestKit;

namespace Dataplane.Linux.Tests;

public sealed class SysctlTests
{
    private const string Forwarding = "net/ipv4/ip_forward";

    [Fact]
    public void AValueIsThatOfOneNamespace()
    {
        using var network = new TestNetwork();
        var first = network.AddHost("a").Namespace;
        var second = network.AddHost("b").Namespace;
        var own = Sysctl.Read(null, Forwarding);

        Sysctl.Write(first, Forwarding, "1");
        Sysctl.Write(second, Forwarding, "0");

        Assert.Equal("1", Sysctl.Read(first, Forwarding));
        Assert.Equal("0", Sysctl.Read(second, Forwarding));
        Assert.Equal(own, Sysctl.Read(null, Forwarding));
        Sysctl.Write(first, Forwarding, "0");
        Assert.Equal("0", Sysctl.Read(first, Forwarding));
    }

    [Fact]
    public void WhatTheKernelDoesNotHaveOrTakeIsNamed()
    {
        using var network = new TestNetwork();
        var host = network.AddHost("a").Namespace;

        Assert.Equal("open sysctl net/ipv4/none", Assert.Throws<LinuxException>(() => Sysctl.Write(host, "net/ipv4/none", "1")).Operation);
        Assert.Equal(22, Assert.Throws<LinuxException>(() => Sysctl.Write(host, Forwarding, "many")).Errno);
    }

    [Fact]
    public void RootHasWhatNamespacesNeed()
    {
        Tools.RequireRoot();
        Assert.True(ProcessCapabilities.Has(Capability.SysAdmin));
        Assert.True(ProcessCapabilities.Has(Capability.NetAdmin));
    }
}
