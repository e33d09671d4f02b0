using Dataplane.Linux.Namespaces;

namespace Dataplane.Linux.Tests;

public sealed class NetworkNamespaceTests
{
    [Fact]
    public void ANamedNamespaceHasItsOwnInterfacesAndGoesWithoutATrace()
    {
        var name = $"dp-t-{Guid.NewGuid():N}"[..15];
        using (var created = NetworkNamespace.Create(name))
        {
            var interfaces = created.Invoke(() => File.ReadAllText("/proc/thread-self/net/dev"));
            Assert.Contains("lo:", interfaces);
            Assert.DoesNotContain("eth0", interfaces);
            Assert.Contains(name, NetworkNamespace.Names("dp-t-"));
            Assert.Equal(17, Assert.Throws<LinuxException>(() => NetworkNamespace.Create(name)).Errno);
        }

        NetworkNamespace.Delete(name);
        Assert.DoesNotContain(name, NetworkNamespace.Names("dp-t-"));
        NetworkNamespace.Delete(name);
    }
}
