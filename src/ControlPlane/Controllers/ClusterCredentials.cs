using Dataplane.ControlPlane.Security.ServiceAccounts;

namespace Dataplane.ControlPlane.Controllers;

/// <summary>What controllers give out: tokens of service accounts, and the certificate by which pods know the server.</summary>
/// <param name="Tokens">Issues tokens.</param>
/// <param name="Certificate">The CA, PEM.</param>
internal sealed record ClusterCredentials(ServiceAccountTokens Tokens, string Certificate);
