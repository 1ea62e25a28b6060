package postevents;

import com.google.common.base.Supplier;
import com.google.common.flogger.FluentLogger;
import com.google.gerrit.extensions.events.LifecycleListener;
import com.google.gerrit.server.config.CanonicalWebUrl;
import com.google.gerrit.server.config.SitePaths;
import com.google.gerrit.server.events.Event;
import com.google.gerrit.server.events.EventListener;
import com.google.gerrit.server.events.ProjectEvent;
import com.google.gerrit.server.events.SupplierSerializer;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.inject.Inject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ScheduledThreadPoolExecutor;

/**
 * Posts each event of a project to every URL that stands in the site's etc/post-events.urls, one a
 * line, read anew at each event. What is posted, and how, is as Gerrit's webhooks plugin does it.
 */
class Listener implements EventListener, LifecycleListener {
  private static final FluentLogger logger = FluentLogger.forEnclosingClass();
  private static final int THREADS = 2;

  private final Gson gson =
      new GsonBuilder().registerTypeAdapter(Supplier.class, new SupplierSerializer()).create();
  private final ScheduledThreadPoolExecutor pool = new ScheduledThreadPoolExecutor(THREADS);
  private final Client client = new Client();
  private final Path urls;
  private final String origin;

  @Inject
  Listener(SitePaths site, @CanonicalWebUrl String origin) {
    this.urls = site.etc_dir.resolve("post-events.urls");
    this.origin = origin;
  }

  @Override
  public void onEvent(Event event) {
    if (!(event instanceof ProjectEvent)) {
      return;
    }
    for (String url : readUrls()) {
      pool.execute(new Post(pool, client, url, origin, gson.toJson(event)));
    }
  }

  private List<String> readUrls() {
    try {
      return Files.readAllLines(urls).stream().map(String::strip).filter(u -> !u.isEmpty()).toList();
    } catch (NoSuchFileException none) {
      return List.of();
    } catch (IOException e) {
      logger.atSevere().withCause(e).log("cannot read %s", urls);
      return List.of();
    }
  }

  @Override
  public void start() {}

  @Override
  public void stop() {
    pool.shutdownNow();
    client.close();
  }
}
