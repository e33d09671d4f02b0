using System.Net;
using System.Text;
using Dataplane.Kubelet.Network;

namespace Dataplane.Kubelet.Tests.Network;

public sealed class AddressPoolTests : IDisposable
{
    private const string Six = "fd00:10:244:1::/64";
    private readonly string _directory = Directory.CreateTempSubdirectory("dp-t-").FullName;

    private string Journal => Path.Combine(_directory, "addresses");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void AddressesAreUniqueUntilTheRangeIsExhaustedAndAgainAfterRelease()
    {
        using var pool = Pool("10.244.1.0/29");
        Assert.Equal("10.244.1.1", pool.Ranges[0].Gateway.ToString());
        var given = Enumerable.Range(0, 5).Select(pod => Reserve(pool, $"pod-{pod}")).ToArray();
        Assert.Equal(["10.244.1.2", "10.244.1.3", "10.244.1.4", "10.244.1.5", "10.244.1.6"], given);
        Assert.Equal(
            "no IP addresses available in range set: 10.244.1.2-10.244.1.6",
            Assert.Throws<AddressesExhaustedException>(() => pool.Reserve("one-more")).Message);
        Assert.Equal("10.244.1.4", Reserve(pool, "pod-2"));
        pool.Detach("pod-2");
        pool.Detach("pod-2");
        Assert.Equal("10.244.1.4", Reserve(pool, "one-more"));
    }

    [Fact]
    public void AFreedAddressIsNotTheNextOneGiven()
    {
        using var pool = Pool("10.244.1.0/24");
        Assert.Equal("10.244.1.2", Reserve(pool, "a"));
        pool.Detach("a");
        Assert.Equal("10.244.1.3", Reserve(pool, "b"));
    }

    [Fact]
    public void APodOfADualStackNodeHasAnAddressOfEachFamily()
    {
        using var pool = Pool("10.244.1.0/24", Six);
        Assert.Equal("10.244.1.2 fd00:10:244:1::2", Reserve(pool, "a"));
        Assert.Equal("10.244.1.3 fd00:10:244:1::3", Reserve(pool, "b"));
    }

    [Fact]
    public void WhenOneFamilyIsExhaustedNothingOfTheOtherIsKept()
    {
        using var pool = Pool("10.244.1.0/29", "fd00::/120");
        var five = Enumerable.Range(0, 5).Select(pod => Reserve(pool, $"pod-{pod}")).Count();
        Assert.Equal(5, five);
        Assert.Throws<AddressesExhaustedException>(() => pool.Reserve("one-more"));
        Assert.Empty(pool.Find("one-more"));
    }

    /// <summary>kubernetes#93925: a Service still sends the old pod's traffic to the address, so nobody else may have it.</summary>
    [Fact]
    public void AnAddressIsNotHandedOutWhileAPodObjectShowsIt()
    {
        using var pool = Pool("10.244.1.0/29");
        var shown = new HashSet<string>(Enumerable.Range(0, 5).Select(pod => $"pod-{pod}"));
        pool.IsShown = shown.Contains;
        foreach (var uid in shown)
        {
            pool.Reserve(uid);
        }

        pool.Detach("pod-3");
        Assert.Throws<AddressesExhaustedException>(() => pool.Reserve("next"));
        shown.Remove("pod-3");
        pool.Withdrawn("pod-3");
        Assert.Equal("10.244.1.5", Reserve(pool, "next"));

        // The other order: the object first, then the device.
        shown.Remove("pod-1");
        pool.Withdrawn("pod-1");
        Assert.Throws<AddressesExhaustedException>(() => pool.Reserve("one-more"));
        pool.Detach("pod-1");
        Assert.Equal("10.244.1.3", Reserve(pool, "one-more"));
    }

    [Fact]
    public void ReservationsSurviveARestart()
    {
        using (var before = Pool("10.244.1.0/24", Six))
        {
            Reserve(before, "a");
            Reserve(before, "gone");
            before.Detach("gone");
        }

        using var after = Pool("10.244.1.0/24", Six);
        Assert.Equal(["a"], after.Owners);
        Assert.Equal("10.244.1.2 fd00:10:244:1::2", Reserve(after, "a"));
        Assert.Equal("10.244.1.3 fd00:10:244:1::3", Reserve(after, "b"));
    }

    /// <summary>Every length that a crash can leave of the file, and rubbish in it: what was whole before is kept, nothing else is believed.</summary>
    [Fact]
    public void AHalfWrittenJournalKeepsWhatIsWhole()
    {
        using (var before = Pool("10.244.1.0/24"))
        {
            Reserve(before, "a");
            Reserve(before, "b");
        }

        var whole = File.ReadAllBytes(Journal);
        var first = Array.IndexOf(whole, (byte)'\n') + 1;
        for (var length = first; length < whole.Length - 1; length++)
        {
            File.WriteAllBytes(Journal, whole[..length]);
            using var torn = Pool("10.244.1.0/24");
            Assert.Equal(["a"], torn.Owners);
            Assert.Equal("10.244.1.3", Reserve(torn, "c"));
        }

        File.WriteAllBytes(Journal, [.. whole[..first], .. Encoding.Latin1.GetBytes("+ evil 10.244.1.9 00000000\n\0\0\0\n"), .. whole[first..]]);
        using var pool = Pool("10.244.1.0/24");
        Assert.Equal(["a", "b"], pool.Owners);
    }

    [Fact]
    public void AfterAChangeOfTheRangePodsThatStartAnewGetNewAddresses()
    {
        using (var before = Pool("10.244.1.0/24"))
        {
            Reserve(before, "a");
        }

        using var after = Pool("10.244.9.0/24");
        Assert.Equal("10.244.1.2", string.Join(' ', after.Find("a")));
        Assert.Equal("10.244.9.2", Reserve(after, "b"));
        Assert.Equal("10.244.9.3", Reserve(after, "a"));
    }

    [Fact]
    public void WhatAPodShowsIsAdoptedUnlessItIsAnothers()
    {
        using var pool = Pool("10.244.1.0/24");
        Assert.True(pool.Adopt("a", [IPAddress.Parse("10.244.1.2")]));
        Assert.False(pool.Adopt("thief", [IPAddress.Parse("10.244.1.2")]));
        Assert.False(pool.Adopt("foreign", [IPAddress.Parse("10.99.1.2")]));
        Assert.Equal("10.244.1.3", Reserve(pool, "b"));
    }

    [Theory]
    [InlineData("10.244.1.0/30")]
    [InlineData("fd00::/126")]
    public void ARangeWithoutRoomIsRefused(string range) => Assert.Throws<ArgumentException>(() => Pool(range));

    private static string Reserve(AddressPool pool, string uid)
    {
        var (addresses, durable) = pool.Reserve(uid);
        durable.GetAwaiter().GetResult();
        return string.Join(' ', addresses);
    }

    private AddressPool Pool(params string[] ranges) =>
        new([.. ranges.Select(range => new AddressRange(IPNetwork.Parse(range)))], new AddressJournal(Journal));
}
