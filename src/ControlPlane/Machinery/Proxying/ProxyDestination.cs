using System.Net;

namespace Dataplane.ControlPlane.Machinery.Proxying;

/// <summary>Where a proxied request goes.</summary>
/// <param name="Scheme">http or https.</param>
/// <param name="EndPoint">A pod's or a node's address.</param>
/// <param name="IsKubelet">The connection carries the API server's own client certificate.</param>
internal sealed record ProxyDestination(string Scheme, IPEndPoint EndPoint, bool IsKubelet = false);
