namespace Dataplane.Proxy.ServiceModel;

/// <summary>Labels that decide what a proxy watches.</summary>
internal static class ServiceLabels
{
    /// <summary>Present: another proxy serves it.</summary>
    internal const string ProxyName = "service.kubernetes.io/service-proxy-name";

    /// <summary>On headless Services, copied to their slices.</summary>
    internal const string Headless = "service.kubernetes.io/headless";

    /// <summary>On an EndpointSlice: the Service it belongs to.</summary>
    internal const string ServiceName = "kubernetes.io/service-name";

    internal const string ServiceSelector = $"!{ProxyName},!{Headless}";

    internal const string EndpointSliceSelector = $"!{ProxyName},!{Headless}";

    internal const string Zone = "topology.kubernetes.io/zone";
}
