namespace Dataplane.TestKit;

/// <summary>
/// Machines (network namespaces <c>dp-t-RANDOM-ROLE</c>) joined by cables and bridges; nothing is added to the process's own namespace.
/// Disposing it removes all of them, also those of a network that was only half built.
/// </summary>
public sealed class TestNetwork : IDisposable
{
    private readonly string _prefix = $"dp-t-{Guid.NewGuid().ToString("N")[..8]}";
    private readonly List<TestHost> _hosts = [];

    /// <summary>Skips the calling test unless it runs as root.</summary>
    public TestNetwork() => Tools.RequireRoot();

    /// <summary>A machine with nothing but loopback.</summary>
    public TestHost AddHost(string role)
    {
        var host = new TestHost($"{_prefix}-{role}");
        _hosts.Add(host);
        return host;
    }

    /// <summary>A veth pair between two machines, both ends up.</summary>
    /// <param name="first">The machine of the first end.</param>
    /// <param name="firstDevice">Name of the first end.</param>
    /// <param name="firstAddress">Address and prefix length, or null for none.</param>
    /// <param name="second">The machine of the second end.</param>
    /// <param name="secondDevice">Name of the second end.</param>
    /// <param name="secondAddress">Address and prefix length, or null for none.</param>
    public void Connect(TestHost first, string firstDevice, string? firstAddress, TestHost second, string secondDevice, string? secondAddress)
    {
        first.Route.CreateVeth(firstDevice, secondDevice, second.Namespace);
        Bring(first, firstDevice, firstAddress);
        Bring(second, secondDevice, secondAddress);
    }

    /// <summary>A machine that is a bridge <c>br0</c>.</summary>
    public TestHost AddBridge(string role)
    {
        var host = AddHost(role);
        host.Route.SetUp(host.Route.CreateBridge("br0"));
        return host;
    }

    /// <summary>Connects a machine's new device to a bridge made by <see cref="AddBridge"/>.</summary>
    /// <param name="bridge">The bridge.</param>
    /// <param name="host">The machine.</param>
    /// <param name="device">Its device.</param>
    /// <param name="address">Address and prefix length.</param>
    public void Plug(TestHost bridge, TestHost host, string device, string address)
    {
        var port = $"p{_hosts.IndexOf(host)}-{device}";
        Connect(bridge, port, null, host, device, address);
        bridge.Route.SetMaster(bridge.Route.GetLink(port).Index, bridge.Route.GetLink("br0").Index);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var host in _hosts)
        {
            host.Dispose();
        }

        _hosts.Clear();
    }

    private static void Bring(TestHost host, string device, string? address)
    {
        if (address is null)
        {
            host.Route.SetUp(host.Route.GetLink(device).Index);
        }
        else
        {
            host.AddAddress(device, address);
        }
    }
}
