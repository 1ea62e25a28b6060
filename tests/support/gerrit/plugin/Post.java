package postevents;

import com.google.common.flogger.FluentLogger;
import java.io.IOException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** One event on its way to one URL: tried again until a 2xx or the last try, then lost. */
class Post implements Runnable {
  private static final FluentLogger logger = FluentLogger.forEnclosingClass();

  private final ScheduledExecutorService pool;
  private final Client client;
  private final String url;
  private final String origin;
  private final String body;
  private int tries;

  Post(ScheduledExecutorService pool, Client client, String url, String origin, String body) {
    this.pool = pool;
    this.client = client;
    this.url = url;
    this.origin = origin;
    this.body = body;
  }

  @Override
  public void run() {
    tries++;
    String failure;
    try {
      int status = client.post(url, origin, body);
      if (status >= 200 && status < 300) {
        return;
      }
      failure = "HTTP " + status;
    } catch (IOException e) {
      failure = e.toString();
    }
    if (tries >= Client.TRIES) {
      logger.atSevere().log("an event is lost after %d tries: %s", tries, failure);
      return;
    }
    logger.atInfo().log("try %d failed: %s", tries, failure);
    try {
      pool.schedule(this, Client.INTERVAL_MS, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException stopping) {
      logger.atInfo().log("an event is lost: the server stops");
    }
  }
}
