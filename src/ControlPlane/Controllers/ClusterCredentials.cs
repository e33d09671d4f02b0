using Dataplane.ControlPlane.Security;
using Dataplane.ControlPlane.Security.ServiceAccounts;

namespace Dataplane.ControlPlane.Controllers;

/// <summary>What controllers give out: tokens of service accounts, and the certificate by which pods know the server.</summary>
/// <param name="Tokens">Issues tokens.</param>
/// <param name="Certificate">The CA, PEM.</param>
/// <param name="Authority">Signs certificates that were asked for and approved.</param>
internal sealed record ClusterCredentials(ServiceAccountTokens Tokens, string Certificate, CertificateAuthority Authority);
