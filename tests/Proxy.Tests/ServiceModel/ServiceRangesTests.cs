using Dataplane.Api;
using Dataplane.Proxy.ServiceModel;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Proxy.Tests.ServiceModel;

public sealed class ServiceRangesTests
{
    [Fact]
    public void AllNetworksOfAllObjectsCountUntilTheyAreGone()
    {
        var ranges = new ServiceRanges(new FaultLog(NullLogger.Instance));
        Set("kubernetes", "10.96.0.0/12", "fd00:10:96::/112");
        Set("more", "10.200.0.0/16", "10.96.0.0/12");
        Assert.Equal(["10.96.0.0/12", "fd00:10:96::/112", "10.200.0.0/16"], ranges.Networks.Select(network => network.ToString()));

        var before = ranges.Networks;
        Set("more", "10.96.0.0/12", "10.200.0.0/16");
        Assert.True(before == ranges.Networks, "nothing differs, so nothing is to be rendered again");

        ranges.Set(new NamespacedName("", "kubernetes"), null);
        Assert.Equal(["10.96.0.0/12", "10.200.0.0/16"], ranges.Networks.Select(network => network.ToString()));

        void Set(string name, params string[] cidrs) =>
            ranges.Set(new NamespacedName("", name), new ServiceCIDR { Metadata = new ObjectMeta { Name = name }, Spec = new ServiceCIDRSpec { Cidrs = [.. cidrs] } });
    }

    [Fact]
    public void WhatIsNoNetworkIsNamedAndLeftOut()
    {
        var log = new Lines();
        var ranges = new ServiceRanges(new FaultLog(log));
        ranges.Set(new NamespacedName("", "odd"), new ServiceCIDR { Spec = new ServiceCIDRSpec { Cidrs = ["10.96.0.0/33", "10.200.0.0/16"] } });

        Assert.Equal(["10.200.0.0/16"], ranges.Networks.Select(network => network.ToString()));
        Assert.Equal(["ServiceCIDR odd: spec.cidrs 10.96.0.0/33 is no CIDR; ignored"], log);
    }

    private sealed class Lines : List<string>, ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Add(formatter(state, exception));
    }
}
