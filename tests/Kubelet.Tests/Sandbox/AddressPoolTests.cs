using System.Net;
using Dataplane.Kubelet.Sandbox;

namespace Dataplane.Kubelet.Tests.Sandbox;

public sealed class AddressPoolTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("dp-t-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void AddressesAreUniqueUntilTheRangeIsExhaustedAndAgainAfterRelease()
    {
        var pool = new AddressPool(IPNetwork.Parse("10.244.1.0/29"), _directory);
        Assert.Equal("10.244.1.1", pool.Gateway.ToString());
        var given = Enumerable.Range(0, 5).Select(pod => pool.Reserve($"pod-{pod}").ToString()).ToArray();
        Assert.Equal(["10.244.1.2", "10.244.1.3", "10.244.1.4", "10.244.1.5", "10.244.1.6"], given);
        Assert.Contains("no free addresses", Assert.Throws<InvalidOperationException>(() => pool.Reserve("one-more")).Message);
        Assert.Equal("10.244.1.4", pool.Reserve("pod-2").ToString());
        pool.Release("pod-2");
        pool.Release("pod-2");
        Assert.Equal("10.244.1.4", pool.Reserve("one-more").ToString());
    }

    [Fact]
    public void AFreedAddressIsNotTheNextOneGiven()
    {
        var pool = new AddressPool(IPNetwork.Parse("10.244.1.0/24"), _directory);
        Assert.Equal("10.244.1.2", pool.Reserve("a").ToString());
        pool.Release("a");
        Assert.Equal("10.244.1.3", pool.Reserve("b").ToString());
    }

    [Fact]
    public void ReservationsSurviveARestartAndRubbishDoesNot()
    {
        new AddressPool(IPNetwork.Parse("10.244.1.0/24"), _directory).Reserve("a");
        File.WriteAllText(Path.Combine(_directory, "10.244.1.9"), "");
        File.WriteAllText(Path.Combine(_directory, "10.99.0.1"), "of-another-range");
        File.WriteAllText(Path.Combine(_directory, "last_reserved"), "x");
        var pool = new AddressPool(IPNetwork.Parse("10.244.1.0/24"), _directory);
        Assert.Equal("10.244.1.2", pool.Reserve("a").ToString());
        Assert.Equal("10.244.1.3", pool.Reserve("b").ToString());
        Assert.Equal(["10.244.1.2", "10.244.1.3"], Directory.GetFiles(_directory).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("10.244.1.0/30")]
    [InlineData("fd00::/64")]
    public void ARangeWithoutRoomIsRefused(string range) =>
        Assert.Throws<ArgumentException>(() => new AddressPool(IPNetwork.Parse(range), _directory));
}
