using System.Text;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;
using Dataplane.ControlPlane.Security.ServiceAccounts;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.ServiceAccounts;

/// <summary>Fills Secrets of the type kubernetes.io/service-account-token, and removes those whose account is gone.</summary>
internal sealed class TokenSecretController : Controller
{
    public const string SecretType = "kubernetes.io/service-account-token";
    public const string AccountAnnotation = "kubernetes.io/service-account.name";
    private const string UidAnnotation = "kubernetes.io/service-account.uid";

    private readonly KubernetesClient _client;
    private readonly Lister<Secret> _secrets;
    private readonly Lister<ServiceAccount> _accounts;
    private readonly ServiceAccountTokens _tokens;
    private readonly byte[] _certificate;

    /// <param name="client">The server.</param>
    /// <param name="informers">Shared caches.</param>
    /// <param name="tokens">Issues the tokens.</param>
    /// <param name="certificate">The CA, PEM.</param>
    /// <param name="logger">Takes failures.</param>
    /// <param name="time">The clock.</param>
    public TokenSecretController(
        KubernetesClient client, SharedInformers informers, ServiceAccountTokens tokens, string certificate, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        _tokens = tokens;
        _certificate = Encoding.UTF8.GetBytes(certificate);
        _secrets = informers.Of<Secret>($"type={SecretType}");
        _accounts = informers.Of<ServiceAccount>();
        _secrets.OnChange(secret => Queue.Add(NamespacedName.Of(secret)));
        _accounts.OnChange(account =>
        {
            foreach (var secret in _secrets.In(account.Metadata.Namespace).Where(secret => AccountOf(secret) == account.Metadata.Name))
            {
                Queue.Add(NamespacedName.Of(secret));
            }
        });
    }

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (!_secrets.TryGet(key, out var secret) || secret.Metadata.DeletionTimestamp is not null)
        {
            return;
        }

        var (name, uid) = (AccountOf(secret), secret.Metadata.Annotations.GetValueOrDefault(UidAnnotation) ?? "");
        var account = await FindAsync(key with { Name = name }, cancellationToken).ConfigureAwait(false);
        if (account is null || (uid.Length > 0 && uid != account.Metadata.UID))
        {
            var precondition = new DeleteOptions { Preconditions = new Preconditions { UID = secret.Metadata.UID } };
            await _client.DeleteAsync<Secret>(key, precondition, cancellationToken).ConfigureAwait(false);
            return;
        }

        var data = new Dictionary<string, byte[]>(secret.Data);
        if (data.GetValueOrDefault("token") is not { Length: > 0 })
        {
            data["token"] = Encoding.UTF8.GetBytes(_tokens.IssueLegacy(key.Namespace, name, account.Metadata.UID, key.Name));
        }

        data["namespace"] = Encoding.UTF8.GetBytes(key.Namespace);
        data["ca.crt"] = _certificate;
        var complete = uid.Length > 0 && data.Count == secret.Data.Count
            && data.All(entry => secret.Data.TryGetValue(entry.Key, out var value) && value.AsSpan().SequenceEqual(entry.Value));
        if (!complete)
        {
            var annotations = new Dictionary<string, string>(secret.Metadata.Annotations) { [UidAnnotation] = account.Metadata.UID };
            await _client.UpdateAsync(
                secret with { Data = data, Metadata = secret.Metadata with { Annotations = annotations } },
                cancellationToken: cancellationToken).ConfigureAwait(false);
        }
    }

    private static string AccountOf(Secret secret) => secret.Metadata.Annotations.GetValueOrDefault(AccountAnnotation) ?? "";

    /// <summary>The cache may be behind a Secret that came with its account: before anything is deleted the server is asked.</summary>
    private async Task<ServiceAccount?> FindAsync(NamespacedName name, CancellationToken cancellationToken)
    {
        if (_accounts.TryGet(name, out var cached))
        {
            return cached;
        }

        try
        {
            return await _client.GetAsync<ServiceAccount>(name, cancellationToken).ConfigureAwait(false);
        }
        catch (ApiException error) when (error.IsNotFound)
        {
            return null;
        }
    }
}
